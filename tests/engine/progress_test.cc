// What the holders of items say of them: who sees it, how long, and how often.
#include "tests/engine/jobs_fixture.h"

namespace sluice::engine::testing {
namespace {

using model::Progress;

constexpr base::Duration kInterval = 1s;

class ProgressTest : public JobsTest {
 protected:
  std::string report(std::string_view queue, model::LeaseId lease, std::optional<double> fraction, std::string message = {}) {
    Effects effects;
    const auto status = engine().report(now(), queue, lease, {.fraction = fraction, .message = std::move(message)}, effects);
    records_ = effects.records.size();
    carry_out(effects);
    return reason_name(status);
  }
  // Of the command before.
  [[nodiscard]] std::size_t records() const { return records_; }

  // "0.5 half", "none" where nothing is shown; of the first item.
  std::string shown(std::string_view queue) { return text_of(peek_items(queue).at(0).progress); }
  std::string shown_of_job(std::uint64_t id) {
    const JobView view = job(id);
    return view.progress ? text_of(view.progress) + " in " + view.progress_queue : "none";
  }
  static std::string text_of(const model::ProgressPtr& progress) {
    if (!progress) return "none";
    return (progress->fraction ? std::to_string(*progress->fraction).substr(0, 4) : "-") + " " + progress->message;
  }

  TestCaller& await_with_progress(const std::vector<std::uint64_t>& jobs, std::uint64_t batch = 0) {
    AwaitCommand command{.batch = model::BatchId{batch}, .progress_interval = kInterval};
    for (const std::uint64_t id : jobs) command.jobs.push_back(model::JobId{id});
    TestCaller& caller = new_caller("await");
    Effects effects;
    engine().await(now(), command, caller, effects);
    carry_out(effects);
    return caller;
  }
  // The jobs in the answers so far that tell of progress: "1 2|1" are two answers.
  static std::string told(const TestCaller& caller) {
    std::string text;
    for (const Answer& answer : caller.answers()) {
      const auto& progressed = std::get<AwaitAnswer>(answer).progressed;
      if (progressed.empty()) continue;
      if (!text.empty()) text += "|";
      for (const model::JobId id : progressed)
        text += (text.empty() || text.back() == '|' ? "" : " ") + std::to_string(model::number(id));
    }
    return text;
  }

 private:
  std::size_t records_ = 0;
};

TEST_F(ProgressTest, TheLatestReportIsShownWithItsTime) {
  create("q");
  put("q", {"a"});
  const auto item = take("q");
  EXPECT_EQ(shown("q"), "none");
  EXPECT_EQ(report("q", item.lease, 0.25, "loading"), "OK");
  EXPECT_EQ(shown("q"), "0.25 loading");
  pass(3s);
  EXPECT_EQ(report("q", item.lease, 0.5), "OK");
  EXPECT_EQ(shown("q"), "0.50 ");
  EXPECT_EQ(peek_items("q").at(0).progress->time, now());
  EXPECT_EQ(report("q", item.lease, std::nullopt, "nearly"), "OK");
  EXPECT_EQ(shown("q"), "- nearly");
}

TEST_F(ProgressTest, AReportThatSaysNothingLeavesNone) {
  create("q");
  const auto id = submit("q", "a");
  const auto item = take("q");
  report("q", item.lease, 0.25, "loading");
  EXPECT_EQ(report("q", item.lease, std::nullopt), "OK");
  EXPECT_EQ(shown("q"), "none");
  EXPECT_EQ(shown_of_job(id), "none");
}

TEST_F(ProgressTest, OnlyTheHolderMayReport) {
  create("q");
  put("q", {"a"});
  const auto item = take("q", {.lease = 10s});
  EXPECT_EQ(report("nowhere", item.lease, 0.1), "QUEUE_NOT_FOUND");
  EXPECT_EQ(report("q", model::LeaseId{4711}, 0.1), "LEASE_LOST");
  pass(10s);
  EXPECT_EQ(report("q", item.lease, 0.1), "LEASE_LOST");
  EXPECT_EQ(shown("q"), "none");
}

TEST_F(ProgressTest, IsGoneWithTheLease) {
  create("q", {.backoff = 1s, .jitter = 0.0});
  put("q", {"a"});
  const auto held = [&](const GetOptions& options = {}) {
    const auto item = take("q", options);
    EXPECT_EQ(shown("q"), "none") << "at the beginning";
    report("q", item.lease, 0.5, "half");
    EXPECT_EQ(shown("q"), "0.50 half");
    return item.lease;
  };
  release("q", held());
  EXPECT_EQ(shown("q"), "none") << "released";
  fail("q", held());
  EXPECT_EQ(shown("q"), "none") << "failed";
  pass(1s);
  held({.lease = 5s});
  pass(5s);
  EXPECT_EQ(shown("q"), "none") << "lost";
  fail("q", held(), {.do_not_retry = true});
  EXPECT_EQ(shown("q.dead"), "none") << "dead";
}

TEST_F(ProgressTest, StaysWhileTheItemWaitsForRoom) {
  create("q");
  create("full", {.capacity = 1});
  put("full", {"x"});
  put("q", {"a"});
  const auto item = take("q");
  report("q", item.lease, 0.9, "made");
  complete("q", item.lease, {{"full", "b"}}, {.wait = kForever});
  EXPECT_EQ(shown("q"), "0.90 made");
  EXPECT_EQ(report("q", item.lease, 1.0, "waiting"), "OK");
  EXPECT_EQ(shown("q"), "1.00 waiting");
}

TEST_F(ProgressTest, IsNotKept) {
  create("q");
  const auto id = submit("q", "a");
  const auto item = take("q");
  report("q", item.lease, 0.5, "half");
  EXPECT_EQ(records(), 0U);
  restart();
  EXPECT_EQ(shown("q"), "none");
  EXPECT_EQ(shown_of_job(id), "none");
}

TEST_F(ProgressTest, AJobShowsTheItemThatReportedLast) {
  create("q");
  create("made");
  const auto id = submit("q", "a");
  const auto first = take("q");
  report("q", first.lease, 0.5, "splitting");
  EXPECT_EQ(shown_of_job(id), "0.50 splitting in q");
  complete("q", first.lease, {{"made", "x"}, {"made", "y"}});
  EXPECT_EQ(shown_of_job(id), "none");
  const auto x = take("made");
  const auto y = take("made");
  report("made", x.lease, 0.1, "x");
  report("made", y.lease, 0.2, "y");
  EXPECT_EQ(shown_of_job(id), "0.20 y in made");
  report("made", x.lease, 0.3, "x");
  EXPECT_EQ(shown_of_job(id), "0.30 x in made");
  complete("made", x.lease);
  EXPECT_EQ(shown_of_job(id), "none");
  report("made", y.lease, 0.4, "y");
  EXPECT_EQ(shown_of_job(id), "0.40 y in made");
  complete("made", y.lease);
  EXPECT_EQ(outcome(id), "succeeded");
  EXPECT_EQ(shown_of_job(id), "none");
}

TEST_F(ProgressTest, WhoeverAwaitsIsToldOnceInAnInterval) {
  create("q");
  const auto id = submit("q", "a");
  const auto item = take("q", {.lease = kForever});
  const TestCaller& caller = await_with_progress({id});
  EXPECT_EQ(told(caller), "");
  report("q", item.lease, 0.1);
  pass(0s);
  const std::string one = std::to_string(id);
  EXPECT_EQ(told(caller), one);
  for (int i = 2; i < 9; ++i) {
    pass(100ms);
    report("q", item.lease, i / 10.0);
  }
  EXPECT_EQ(told(caller), one);
  pass(kInterval);
  EXPECT_EQ(told(caller), one + "|" + one);
  pass(1h);
  EXPECT_EQ(told(caller), one + "|" + one) << "without news";
  EXPECT_TRUE(caller.waiting());
  pass(1ms);
  report("q", item.lease, 0.9);
  complete("q", item.lease);
  EXPECT_EQ(caller.outcome(), "ok");
  pass(1h);
  EXPECT_EQ(told(caller), one + "|" + one) << "of a job that has ended";
}

TEST_F(ProgressTest, WhoeverAwaitsIsToldAtOnceWhatWasSaidBefore) {
  create("q");
  const auto id = submit("q", "a");
  const auto silent = submit("q", "b");
  report("q", take("q").lease, 0.1);
  const TestCaller& caller = await_with_progress({id, silent});
  pass(0s);
  EXPECT_EQ(told(caller), std::to_string(id));
}

TEST_F(ProgressTest, WhoDidNotAskIsToldOfOutcomesOnly) {
  create("q");
  const auto id = submit("q", "a");
  const auto item = take("q", {.lease = kForever});
  const TestCaller& caller = await({id});
  const auto before = caller.answers().size();
  report("q", item.lease, 0.1);
  pass(1h);
  EXPECT_THAT(caller.answers(), SizeIs(before));
}

TEST_F(ProgressTest, JobsThatJoinABatchLaterAreToldOfToo) {
  create("q");
  const auto batch = submit("q", {"a"}, {.begins_batch = true});
  const TestCaller& caller = await_with_progress({}, batch);
  const auto second = submit("q", {"b"}, {.batch = batch});
  const auto items = get("q", 2).get().items;
  report("q", items.at(1).lease, 0.5);
  pass(0s);
  EXPECT_EQ(told(caller), std::to_string(second));
  pass(100ms);
  report("q", items.at(1).lease, 0.6);
  report("q", items.at(0).lease, 0.7);
  pass(kInterval);
  EXPECT_EQ(told(caller), std::to_string(second) + "|" + std::to_string(batch) + " " + std::to_string(second));
}

TEST_F(ProgressTest, AnAwaitThatIsWithdrawnIsToldNothingMore) {
  create("q");
  const auto id = submit("q", "a");
  const auto item = take("q");
  TestCaller& caller = await_with_progress({id});
  report("q", item.lease, 0.1);
  EXPECT_TRUE(withdraw(caller));
  pass(1h);
  EXPECT_EQ(told(caller), "");
}

TEST_F(ProgressTest, ItemsOfRemoteWorkersAreListedAsRunning) {
  create_pipeline("p", {{.name = "s", .input = "a", .workers = 0, .handler = std::string(model::kRemoteHandler)}});
  Effects effects;
  const auto attached = engine().attach_worker(now(), "p", "s", "w@host:1", "10.0.0.7:4711", effects);
  ASSERT_TRUE(attached.ok());
  put("a", {"x", "y", "z"});
  const auto hold = [&] {
    return get("a", 1, {.lease = kForever, .stage = "s", .worker = attached->worker}).get().items.at(0);
  };
  const auto first = hold();
  pass(5s);
  hold();
  // A consumer that is no worker of the stage.
  const auto other = take("a");
  report("a", first.lease, 0.5, "half");
  report("a", other.lease, 0.7);
  const auto running = pipeline("p").stages.at(0).remote_running;
  ASSERT_THAT(running, SizeIs(2));
  EXPECT_EQ(running[0].item, first.item);
  EXPECT_EQ(running[0].worker, "w@host:1");
  EXPECT_EQ(running[0].start_time, now() - 5s);
  EXPECT_EQ(running[0].attempt, 1U);
  EXPECT_EQ(text_of(running[0].progress), "0.50 half");
  EXPECT_EQ(running[1].start_time, now());
  EXPECT_EQ(running[1].progress, nullptr);
}

}  // namespace
}  // namespace sluice::engine::testing
