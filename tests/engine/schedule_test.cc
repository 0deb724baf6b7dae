// Schedules: items that the clock puts.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

class ScheduleTest : public EngineTest {
 protected:
  ScheduleTest() { create("q"); }

  static model::ScheduleSpec every(base::Duration distance, std::uint32_t catch_up = 1) {
    return {.name = "s",
            .queue = "q",
            .every = distance,
            .body = std::make_shared<const model::Body>(model::Body{.payload = "tick", .attributes = {{"a", "1"}}}),
            .catch_up = catch_up};
  }

  template <class Command>
  std::string run(Command&& command) {
    Effects effects;
    const absl::Status status = command(effects);
    carry_out(effects);
    return reason_name(status);
  }
  std::string create_schedule(const model::ScheduleSpec& spec) {
    return run([&](Effects& out) { return engine().create_schedule(now(), spec, out); });
  }
  std::string update_schedule(const model::ScheduleSpec& spec) {
    return run([&](Effects& out) { return engine().update_schedule(now(), spec, out); });
  }
  std::string patch(const model::SchedulePatch& patch) {
    return run([&](Effects& out) { return engine().update_schedule(now(), patch, out); });
  }
  std::string delete_schedule(std::string_view name = "s") {
    return run([&](Effects& out) { return engine().delete_schedule(now(), name, out); });
  }
  std::string pause_schedule(std::string_view name = "s") {
    return run([&](Effects& out) { return engine().pause_schedule(now(), name, out); });
  }
  std::string resume_schedule(std::string_view name = "s") {
    return run([&](Effects& out) { return engine().resume_schedule(now(), name, out); });
  }
  ScheduleView schedule(std::string_view name = "s") {
    auto view = engine().schedule(name);
    EXPECT_TRUE(view.ok()) << view.status();
    return view.ok() ? *view : ScheduleView{};
  }
  model::ScheduleCounters counters() { return schedule().state.counters; }
  // Since the first moment of the test.
  [[nodiscard]] std::vector<base::Duration> since_start(const std::vector<base::Time>& times) const {
    std::vector<base::Duration> found;
    for (const base::Time time : times) found.push_back(time - start_);
    return found;
  }
  std::size_t depth() { return view("q").waiting; }

 private:
  base::Time start_ = now();
};

TEST_F(ScheduleTest, PutsOneItemATick) {
  EXPECT_EQ(create_schedule(every(10s)), "OK");
  EXPECT_EQ(engine().next_due(), after(10s));
  pass(9s);
  EXPECT_EQ(depth(), 0U);
  pass(1s);
  EXPECT_EQ(depth(), 1U);
  pass(20s);
  EXPECT_EQ(depth(), 3U);
  EXPECT_EQ(counters(), (model::ScheduleCounters{.put = 3}));
  EXPECT_THAT(since_start({schedule().state.last_tick}), ElementsAre(30s));
  EXPECT_THAT(since_start(schedule().upcoming), ElementsAre(40s, 50s, 60s, 70s, 80s));
  EXPECT_THAT(engine().list_schedules("", 1).front().upcoming, IsEmpty()) << "a list may be long";
}

TEST_F(ScheduleTest, AnItemTellsWhichTickItIs) {
  auto spec = every(10s);
  spec.priority = 7;
  create_schedule(spec);
  pass(10s);
  const model::Delivery item = take("q");
  EXPECT_EQ(item.body->payload, "tick");
  EXPECT_EQ(item.priority, 7);
  EXPECT_EQ(item.body->attributes,
            (model::Attributes{{"a", "1"}, {"sluice-schedule", "s"}, {"sluice-tick", "1970-01-12T13:46:50Z"}}));
}

TEST_F(ScheduleTest, ComesByTheCalendar) {
  auto spec = every(0s);
  spec.cron = "50 13 * * *";
  EXPECT_EQ(create_schedule(spec), "OK");
  // The test begins at 13:46:40.
  EXPECT_THAT(since_start({engine().next_due()}), ElementsAre(200s));
  pass(24h);
  EXPECT_EQ(counters().put, 1U);
  pass(200s);
  EXPECT_EQ(counters().put, 2U);
}

TEST_F(ScheduleTest, WaitingConsumersGetItAtOnce) {
  create_schedule(every(10s));
  TestCaller& worker = get("q", 1, {.wait = kForever});
  pass(10s);
  EXPECT_THAT(worker.payloads(), ElementsAre("tick"));
}

TEST_F(ScheduleTest, ATickWaitsInLineForRoomAndThoseMeanwhileAreSkipped) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  TestCaller& ahead = put("q", {"ahead"}, {.wait = kForever});
  create_schedule(every(10s));
  pass(35s);
  EXPECT_THAT(since_start(schedule().state.waiting), ElementsAre(10s));
  EXPECT_EQ(counters(), (model::ScheduleCounters{.put = 0, .skipped = 2}));
  EXPECT_EQ(view("q").waiting_puts, 2U);
  complete("q", take("q").lease);
  EXPECT_EQ(ahead.outcome(), "ok");
  EXPECT_EQ(counters().put, 0U);
  complete("q", take("q").lease);
  EXPECT_EQ(counters().put, 1U);
  EXPECT_THAT(schedule().state.waiting, IsEmpty());
  EXPECT_THAT(peek("q"), ElementsAre("tick"));
}

TEST_F(ScheduleTest, WhoComesAfterATickWaitsBehindIt) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  create_schedule(every(10s));
  pass(10s);
  TestCaller& behind = put("q", {"behind"}, {.wait = kForever});
  complete("q", take("q").lease);
  EXPECT_TRUE(behind.waiting());
  EXPECT_THAT(peek("q"), ElementsAre("tick"));
}

TEST_F(ScheduleTest, AClosedQueueRefusesTicks) {
  create_schedule(every(10s));
  close("q");
  pass(20s);
  EXPECT_EQ(counters(), (model::ScheduleCounters{.refused = 2}));
  EXPECT_THAT(schedule().state.last_error, HasSubstr("closed"));
}

TEST_F(ScheduleTest, AWaitingTickIsRefusedByTheClose) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  create_schedule(every(10s));
  pass(10s);
  close("q");
  EXPECT_EQ(counters(), (model::ScheduleCounters{.refused = 1}));
  EXPECT_THAT(schedule().state.waiting, IsEmpty());
}

TEST_F(ScheduleTest, ADeletedQueueRefusesTicksUntilItIsThereAgain) {
  create_schedule(every(10s));
  EXPECT_TRUE(remove("q").ok());
  pass(10s);
  EXPECT_EQ(counters().refused, 1U);
  EXPECT_THAT(schedule().state.last_error, HasSubstr("\"q\""));
  create("q");
  pass(10s);
  EXPECT_EQ(counters().put, 1U);
  EXPECT_EQ(schedule().state.last_error, "");
}

TEST_F(ScheduleTest, AFullStoreRefusesTicks) {
  create_schedule(every(10s));
  engine().set_store_full(true);
  pass(10s);
  EXPECT_EQ(counters().refused, 1U);
  engine().set_store_full(false);
  pass(10s);
  EXPECT_EQ(counters().put, 1U);
}

TEST_F(ScheduleTest, PauseAndResume) {
  create_schedule(every(10s));
  EXPECT_EQ(pause_schedule(), "OK");
  EXPECT_EQ(pause_schedule(), "OK");
  EXPECT_EQ(engine().next_due(), base::kNever);
  EXPECT_THAT(schedule().upcoming, IsEmpty());
  pass(25s);
  EXPECT_EQ(resume_schedule(), "OK");
  EXPECT_EQ(resume_schedule(), "OK");
  EXPECT_THAT(since_start({schedule().state.next}), ElementsAre(35s));
  pass(10s);
  EXPECT_EQ(counters(), (model::ScheduleCounters{.put = 1}));
}

TEST_F(ScheduleTest, PausingTakesAWaitingTickOutOfTheLine) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  create_schedule(every(10s));
  pass(10s);
  pause_schedule();
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_EQ(counters(), (model::ScheduleCounters{.skipped = 1}));
  complete("q", take("q").lease);
  EXPECT_EQ(depth(), 0U);
}

TEST_F(ScheduleTest, AnUpdateKeepsTheNextTickUnlessTheTimesChange) {
  create_schedule(every(10s));
  pass(14s);
  auto spec = every(10s);
  spec.body = std::make_shared<const model::Body>(model::Body{.payload = "other", .attributes = {}});
  EXPECT_EQ(update_schedule(spec), "OK");
  EXPECT_THAT(since_start({schedule().state.next}), ElementsAre(20s));
  pass(6s);
  EXPECT_THAT(peek("q"), ElementsAre("tick", "other"));
  EXPECT_EQ(counters().put, 2U);
  EXPECT_EQ(update_schedule(every(7s)), "OK");
  EXPECT_THAT(since_start({schedule().state.next}), ElementsAre(27s));
}

TEST_F(ScheduleTest, APatchChangesWhatItNames) {
  create_schedule(every(10s, 3));
  pass(14s);
  EXPECT_EQ(patch({.name = "s", .payload = "other"}), "OK");
  EXPECT_EQ(*schedule().spec.body, (model::Body{.payload = "other", .attributes = {{"a", "1"}}}));
  EXPECT_EQ(schedule().spec.catch_up, 3U);
  EXPECT_THAT(since_start({schedule().state.next}), ElementsAre(20s));
  EXPECT_EQ(patch({.name = "s", .attributes = model::Attributes{{"b", "2"}}, .priority = -1, .catch_up = 0}), "OK");
  EXPECT_EQ(*schedule().spec.body, (model::Body{.payload = "other", .attributes = {{"b", "2"}}}));
  EXPECT_EQ(schedule().spec.priority, -1);
  EXPECT_EQ(schedule().spec.catch_up, 0U);
  EXPECT_EQ(schedule().spec.every, 10s);
  restart();
  EXPECT_EQ(schedule().spec.body->payload, "other");
}

TEST_F(ScheduleTest, OneKindOfTicksTakesThePlaceOfTheOther) {
  create_schedule(every(10s));
  EXPECT_EQ(patch({.name = "s", .cron = "0 3 * * *", .time_zone = "Europe/Berlin"}), "OK");
  EXPECT_EQ(schedule().spec.cron, "0 3 * * *");
  EXPECT_EQ(schedule().spec.every, 0s);
  EXPECT_EQ(patch({.name = "s", .time_zone = "UTC"}), "OK");
  EXPECT_EQ(schedule().spec.cron, "0 3 * * *");
  EXPECT_EQ(patch({.name = "s", .every = 5s}), "OK");
  EXPECT_EQ(schedule().spec.cron, "");
  EXPECT_EQ(schedule().spec.time_zone, "");
  EXPECT_EQ(schedule().spec.every, 5s);
}

TEST_F(ScheduleTest, APatchThatDoesNotFitChangesNothing) {
  create_schedule(every(10s));
  EXPECT_EQ(patch({.name = "t", .priority = 1}), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(patch({.name = "s", .queue = "nowhere", .priority = 1}), "QUEUE_NOT_FOUND");
  EXPECT_EQ(patch({.name = "s", .every = 0s, .priority = 1}), "INVALID_VALUE");
  EXPECT_EQ(patch({.name = "s", .cron = "@daily", .every = 5s, .priority = 1}), "INVALID_VALUE");
  EXPECT_EQ(patch({.name = "s", .time_zone = "UTC", .priority = 1}), "INVALID_VALUE");
  EXPECT_EQ(patch({.name = "s", .cron = "@daily", .time_zone = "Nowhere/Town", .priority = 1}), "INVALID_VALUE");
  EXPECT_EQ(schedule().spec.priority, 0);
  EXPECT_EQ(schedule().spec.every, 10s);
}

TEST_F(ScheduleTest, AnUpdateTakesAWaitingTickToAnotherQueue) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  create_schedule(every(10s));
  pass(10s);
  create("r");
  auto spec = every(10s);
  spec.queue = "r";
  EXPECT_EQ(update_schedule(spec), "OK");
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_THAT(peek("r"), ElementsAre("tick"));
  EXPECT_EQ(counters().put, 1U);
}

TEST_F(ScheduleTest, DeletingTakesAWaitingTickAlong) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  create_schedule(every(10s));
  pass(10s);
  EXPECT_EQ(delete_schedule(), "OK");
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_EQ(engine().next_due(), base::kNever);
  EXPECT_EQ(engine().schedule("s").status().code(), absl::StatusCode::kNotFound);
  restart();
  EXPECT_THAT(engine().list_schedules("", 10), IsEmpty());
}

TEST_F(ScheduleTest, RefusesWhatCannotBe) {
  EXPECT_EQ(create_schedule(every(10s)), "OK");
  EXPECT_EQ(create_schedule(every(10s)), "SCHEDULE_EXISTS");
  auto spec = every(10s);
  spec.name = "t";
  spec.queue = "nowhere";
  EXPECT_EQ(create_schedule(spec), "QUEUE_NOT_FOUND");
  spec = every(0s);
  spec.name = "t";
  spec.cron = "61 * * * *";
  EXPECT_EQ(create_schedule(spec), "INVALID_VALUE");
  EXPECT_EQ(update_schedule(spec), "SCHEDULE_NOT_FOUND");
  spec.name = "s";
  EXPECT_EQ(update_schedule(spec), "INVALID_VALUE");
  EXPECT_EQ(schedule().spec.every, 10s);
  EXPECT_EQ(pause_schedule("t"), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(resume_schedule("t"), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(delete_schedule("t"), "SCHEDULE_NOT_FOUND");
}

TEST_F(ScheduleTest, AreListedByTheirNames) {
  for (const char* name : {"c", "a", "b"}) {
    auto spec = every(10s);
    spec.name = name;
    create_schedule(spec);
  }
  const auto names = [](const std::vector<ScheduleView>& views) {
    std::vector<std::string> found;
    for (const auto& each : views) found.push_back(each.spec.name);
    return found;
  };
  EXPECT_THAT(names(engine().list_schedules("", 2)), ElementsAre("a", "b"));
  EXPECT_THAT(names(engine().list_schedules("b", 2)), ElementsAre("c"));
}

TEST_F(ScheduleTest, NoTickComesTwiceOrGoesMissingAcrossARestart) {
  create_schedule(every(10s));
  pass(10s);
  restart(3s);
  EXPECT_EQ(depth(), 1U);
  restart(9s);
  pass(0s);
  EXPECT_EQ(depth(), 2U) << "two seconds late";
  restart();
  pass(8s);
  EXPECT_EQ(depth(), 3U);
  EXPECT_EQ(counters(), (model::ScheduleCounters{.put = 3}));
  EXPECT_THAT(since_start({schedule().state.next}), ElementsAre(40s));
}

TEST_F(ScheduleTest, OfTheTicksOfALongAbsenceTheLatestAreMadeUpFor) {
  create_schedule(every(10s, 2));
  restart(65s);
  pass(0s);
  EXPECT_EQ(depth(), 2U);
  EXPECT_EQ(counters(), (model::ScheduleCounters{.put = 2, .skipped = 4}));
  EXPECT_THAT(since_start({schedule().state.last_tick, schedule().state.next}), ElementsAre(60s, 70s));
}

TEST_F(ScheduleTest, AWaitingTickStillWaitsAfterARestart) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  create_schedule(every(10s));
  pass(10s);
  restart();
  EXPECT_EQ(view("q").waiting_puts, 1U);
  complete("q", take("q").lease);
  EXPECT_THAT(peek("q"), ElementsAre("tick"));
  EXPECT_EQ(counters().put, 1U);
}

TEST_F(ScheduleTest, APausedOneIsStillPausedAfterARestart) {
  create_schedule(every(10s));
  pause_schedule();
  restart(60s);
  pass(60s);
  EXPECT_EQ(depth(), 0U);
  EXPECT_TRUE(schedule().state.paused);
}

TEST_F(ScheduleTest, TheEndOfTheServerDoesNotRefuseAWaitingTick) {
  update("q", {.capacity = 1});
  put("q", {"one"});
  TestCaller& asker = put("q", {"two"}, {.wait = kForever});
  create_schedule(every(10s));
  pass(10s);
  Effects effects;
  engine().refuse_all(now(), absl::UnavailableError("going down"), effects);
  carry_out(effects);
  EXPECT_FALSE(asker.waiting());
  EXPECT_THAT(schedule().state.waiting, SizeIs(1));
  restart();
  complete("q", take("q").lease);
  EXPECT_EQ(counters().put, 1U);
}

TEST_F(ScheduleTest, ManyMissedTicksGoInAsThereIsRoom) {
  update("q", {.capacity = 2});
  create_schedule(every(10s, 5));
  restart(55s);
  pass(0s);
  EXPECT_EQ(depth(), 2U);
  EXPECT_THAT(since_start(schedule().state.waiting), ElementsAre(30s, 40s, 50s));
  for (int i = 0; i < 5; ++i) complete("q", take("q").lease);
  EXPECT_EQ(counters().put, 5U);
  EXPECT_THAT(schedule().state.waiting, IsEmpty());
}

}  // namespace
}  // namespace sluice::engine::testing
