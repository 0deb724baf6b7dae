// What goes on by itself after kill -9: times, pauses, joins, pipelines. The real binary, a real store, a real client.
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "sluice/client.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::SluicedProcess;

class Resume : public testing::Test {
 protected:
  void die_and_come_back() {
    server_.kill9();
    server_.restart();
  }

  test::TempDir data_;
  SluicedProcess server_{{.flags = {"--data", data_.path().string(), "--log-format", "json"}}};
  Client client_{server_.address()};
};

std::multiset<std::string> drain(const Queue& queue) {
  std::multiset<std::string> payloads;
  for (auto& item : queue) payloads.emplace(item.payload());
  return payloads;
}

TEST_F(Resume, ADelayKeepsItsTime) {
  Queue tasks = client_.create_queue("tasks");
  tasks.put(NewItem{.payload = "later", .delay = 1h});
  const auto before = tasks.peek();
  die_and_come_back();
  const auto after = tasks.peek();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].state, ItemState::kDelayed);
  EXPECT_EQ(after[0].due_time, before[0].due_time);
  EXPECT_EQ(after[0].put_time, before[0].put_time);
}

TEST_F(Resume, ADelayThatEndedMeanwhileIsOver) {
  Queue tasks = client_.create_queue("tasks");
  tasks.put(NewItem{.payload = "soon", .delay = 200ms});
  die_and_come_back();
  const auto item = tasks.get({.max_wait = 60s});
  ASSERT_TRUE(item);
  EXPECT_EQ(item->payload(), "soon");
}

TEST_F(Resume, ARetryKeepsItsTimeItsAttemptAndItsFailure) {
  Queue tasks = client_.create_queue("tasks", {.retry = {.max_attempts = 3, .initial_backoff = 1h, .max_backoff = 2h}});
  tasks.put("work");
  auto held = tasks.get({.max_wait = 10s});
  ASSERT_TRUE(held);
  held->fail("the disk was full");
  const auto before = tasks.peek();
  die_and_come_back();
  const auto after = tasks.peek();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].state, ItemState::kDelayed);
  EXPECT_EQ(after[0].due_time, before[0].due_time);
  EXPECT_EQ(after[0].attempt, 1U);
  ASSERT_TRUE(after[0].last_failure);
  EXPECT_EQ(after[0].last_failure->message, "the disk was full");
}

TEST_F(Resume, AnItemThatOnlyEverMeetsCrashesIsGivenUp) {
  Queue tasks = client_.create_queue("tasks", {.retry = {.max_attempts = 2}});
  tasks.put("poison");
  for (int life = 0; life < 2; ++life) {
    auto held = tasks.get({.max_wait = 10s, .keep_leased = false});
    ASSERT_TRUE(held);
    die_and_come_back();
  }
  EXPECT_EQ(tasks.stats().unfinished, 0U);
  const auto dead = client_.queue("tasks.dead").peek();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].payload, "poison");
}

TEST_F(Resume, APausedQueueStaysPaused) {
  Queue tasks = client_.create_queue("tasks");
  tasks.put("x");
  tasks.pause();
  die_and_come_back();
  EXPECT_FALSE(tasks.get({.max_wait = 0s}));
  tasks.resume();
  EXPECT_TRUE(tasks.get({.max_wait = 10s}));
}

TEST_F(Resume, AnEmptyQueueIsJoinedAtOnceAndAFullOneNot) {
  Queue empty = client_.create_queue("empty");
  empty.put("x");
  empty.get({.max_wait = 10s})->done();
  Queue full = client_.create_queue("full");
  full.put("x");
  die_and_come_back();
  empty.join({.max_wait = 10s});
  EXPECT_THROW(full.join({.max_wait = 0s}), DeadlineExceeded);
}

TEST_F(Resume, AJoinGoesOnOverACrashAndEndsNotAMomentEarly) {
  Queue tasks = client_.create_queue("tasks");
  for (const char* payload : {"a", "b"}) tasks.put(payload);
  std::atomic<bool> joined = false;
  std::thread joiner([&] {
    tasks.join({.max_wait = support::kPatience});
    joined = true;
  });
  die_and_come_back();
  for (int i = 0; i < 2; ++i) {
    auto item = tasks.get({.max_wait = 10s});
    EXPECT_TRUE(item);
    EXPECT_FALSE(joined);
    if (item) item->done();
  }
  joiner.join();
  EXPECT_EQ(tasks.stats().unfinished, 0U);
}

TEST_F(Resume, APipelineGoesOnByItself) {
  const Pipeline words =
      client_.create_pipeline({.name = "words",
                               .stages = {{.input = "raw", .output = "loud", .handler = "builtin.upper", .workers = 2},
                                          {.input = "loud", .output = "done", .handler = "builtin.identity", .workers = 2}}});
  Queue raw = client_.queue("raw");
  std::multiset<std::string> expected;
  // Killed with items waiting, in both stages, and between them.
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 40; ++i) {
      raw.put("w" + std::to_string(round) + "." + std::to_string(i));
      expected.insert("W" + std::to_string(round) + "." + std::to_string(i));
    }
    die_and_come_back();
  }
  words.close();
  words.join({.max_wait = support::kPatience});
  for (const StageInfo& stage : words.stages()) EXPECT_EQ(stage.state, StageState::kFinished) << stage.spec.name;
  die_and_come_back();
  words.join({.max_wait = 10s});
  EXPECT_EQ(drain(client_.queue("done")), expected) << "each exactly once: the hand-on is one step";
}

TEST_F(Resume, AStageKeepsItsPauseAndItsWorkers) {
  const Pipeline words = client_.create_pipeline(
      {.name = "words", .stages = {{.input = "raw", .output = "loud", .handler = "builtin.upper", .workers = 1}}});
  words.scale("raw", 3);
  words.pause("raw");
  client_.queue("raw").put("x");
  die_and_come_back();
  const auto stage = words.stages().at(0);
  EXPECT_EQ(stage.state, StageState::kPaused);
  EXPECT_EQ(stage.spec.workers, 3U);
  EXPECT_EQ(client_.queue("raw").stats().waiting, 1U);
  words.resume("raw");
  words.join({.max_wait = support::kPatience});
}

TEST_F(Resume, SettingsThatWereChangedStayChanged) {
  Queue tasks = client_.create_queue("tasks", {.capacity = 5});
  QueueSettings changed;
  changed.capacity = 1;
  tasks.update(changed);
  tasks.put("x");
  die_and_come_back();
  EXPECT_THROW(tasks.put("y", {.max_wait = 0s}), QueueFull);
}

}  // namespace
}  // namespace sluice
