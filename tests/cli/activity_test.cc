#include "client/cli/watch/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using namespace std::chrono_literals;
using testing::DoubleEq;
using testing::ElementsAre;
using testing::Optional;

v1::Queue queue(const std::string& name, std::uint64_t put, std::uint64_t done, std::uint64_t failed = 0) {
  v1::Queue made;
  made.set_name(name);
  made.mutable_create_time()->set_seconds(1'000);
  made.mutable_counters()->set_put(put);
  made.mutable_counters()->set_done(done);
  made.mutable_counters()->set_failed(failed);
  return made;
}

Look look_at(Duration since_start, std::vector<v1::Queue> queues) {
  Look made;
  made.at = std::chrono::steady_clock::time_point(since_start);
  made.queues = std::move(queues);
  return made;
}

v1::Stage& add_stage(Look& look, const std::string& input, std::uint64_t succeeded) {
  if (look.pipelines.empty()) look.pipelines.emplace_back().set_name("photos");
  v1::Stage& stage = *look.pipelines.front().add_stages();
  stage.mutable_spec()->set_name(input);
  stage.mutable_spec()->set_input(input);
  stage.set_workers(4);
  stage.set_busy_workers(3);
  stage.set_succeeded(succeeded);
  return stage;
}

std::vector<std::string> names(const std::vector<QueueActivity>& queues) {
  std::vector<std::string> out;
  for (const QueueActivity& each : queues) out.push_back(each.queue.name());
  return out;
}

TEST(Activity, HasNoRatesAtTheFirstLook) {
  const Activity first = activity(nullptr, look_at(1s, {queue("tasks", 10, 5)}));
  EXPECT_EQ(first.span, std::nullopt);
  ASSERT_EQ(first.queues.size(), 1u);
  EXPECT_EQ(first.queues[0].put, std::nullopt);
}

TEST(Activity, DividesByTheTimeBetweenTwoLooks) {
  const Look before = look_at(1s, {queue("tasks", 10, 5, 1)});
  const Activity now = activity(&before, look_at(3s, {queue("tasks", 30, 5, 2)}));
  EXPECT_EQ(now.span, 2s);
  EXPECT_THAT(now.queues[0].put, Optional(DoubleEq(10)));
  EXPECT_THAT(now.queues[0].done, Optional(DoubleEq(0)));
  EXPECT_THAT(now.queues[0].failed, Optional(DoubleEq(0.5)));
}

TEST(Activity, HasNoRateWhereACountBeganAnew) {
  const Look before = look_at(1s, {queue("restarted", 10, 5), queue("recreated", 10, 5)});
  v1::Queue recreated = queue("recreated", 20, 5);
  recreated.mutable_create_time()->set_seconds(2'000);
  const Activity now = activity(&before, look_at(2s, {queue("restarted", 3, 5), recreated, queue("new", 1, 1)}));
  EXPECT_EQ(now.queues[0].put, std::nullopt) << "a memory queue of a server that was started again";
  EXPECT_THAT(now.queues[0].done, Optional(DoubleEq(0)));
  EXPECT_EQ(now.queues[1].put, std::nullopt) << "another queue of the same name";
  EXPECT_EQ(now.queues[2].put, std::nullopt);
}

TEST(Activity, PutsStagesUnderTheQueueTheyRead) {
  Look before = look_at(1s, {queue("resize", 0, 0)});
  add_stage(before, "resize", 10);
  Look after = look_at(2s, {queue("resize", 0, 0)});
  add_stage(after, "resize", 15);
  add_stage(after, "not shown", 0);
  const Activity now = activity(&before, after);
  ASSERT_EQ(now.queues[0].stages.size(), 1u);
  const StageActivity& stage = now.queues[0].stages[0];
  EXPECT_EQ(stage.pipeline, "photos");
  EXPECT_EQ(stage.name, "resize");
  EXPECT_EQ(stage.busy, 3u);
  EXPECT_EQ(stage.workers, 4u);
  EXPECT_THAT(stage.done, Optional(DoubleEq(5)));
}

TEST(Activity, SaysWhatIsStalledOnce) {
  Look look = look_at(1s, {queue("done", 0, 0)});
  v1::Stall stall;
  stall.set_queue("done");
  stall.set_message("queue \"done\" is full");
  *look.queues[0].add_stalls() = stall;
  look.pipelines.emplace_back();
  *look.pipelines[0].add_stalls() = stall;
  stall.set_message("stage \"upload\" is paused");
  *look.pipelines[0].add_stalls() = stall;
  EXPECT_THAT(activity(nullptr, look).queues[0].stalls, ElementsAre("queue \"done\" is full", "stage \"upload\" is paused"));
}

TEST(Sort, BringsTheMostToTheTopAndNamesInTheirOrder) {
  std::vector<QueueActivity> queues(3);
  queues[0].queue.set_name("b");
  queues[0].queue.set_waiting(1);
  queues[0].queue.set_delayed(5);
  queues[1].queue.set_name("c");
  queues[1].queue.set_waiting(3);
  queues[1].put = 2.0;
  queues[2].queue.set_name("a");
  queues[2].queue.mutable_oldest_age()->set_seconds(9);
  sort(queues, SortKey::kByName, false);
  EXPECT_THAT(names(queues), ElementsAre("a", "b", "c"));
  sort(queues, SortKey::kByDepth, false);
  EXPECT_THAT(names(queues), ElementsAre("b", "c", "a")) << "delayed ones count";
  sort(queues, SortKey::kByDepth, true);
  EXPECT_THAT(names(queues), ElementsAre("a", "c", "b"));
  sort(queues, SortKey::kByPut, false);
  EXPECT_EQ(names(queues).front(), "c");
  sort(queues, SortKey::kByOldest, false);
  EXPECT_EQ(names(queues).front(), "a");
}

TEST(Sort, HasAKeyForEachName) {
  SortKey key = SortKey::kByName;
  do {
    EXPECT_EQ(sort_key(sort_name(key)), key);
    key = next(key);
  } while (key != SortKey::kByName);
  EXPECT_EQ(sort_key("size"), std::nullopt);
}

}  // namespace
}  // namespace sluice::cli
