// Named limits: what the stages that name one may use together.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

class LimitTest : public EngineTest {
 protected:
  std::string create_limit(const model::LimitSpec& spec) {
    Effects effects;
    const auto status = engine().create_limit(now(), spec, effects);
    carry_out(effects);
    return reason_name(status);
  }
  std::string update_limit(std::string_view name, const model::LimitPatch& patch) {
    Effects effects;
    const auto status = engine().update_limit(now(), name, patch, effects);
    carry_out(effects);
    return reason_name(status);
  }
  std::string delete_limit(std::string_view name) {
    Effects effects;
    const auto status = engine().delete_limit(now(), name, effects);
    carry_out(effects);
    return reason_name(status);
  }
  LimitView limit(std::string_view name) {
    auto view = engine().limit(now(), name);
    EXPECT_TRUE(view.ok()) << view.status();
    return view.ok() ? *view : LimitView{};
  }
  // Two stages in two pipelines, each with its own queue, that share a limit.
  void two_stages(const std::vector<std::string>& limits) {
    EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "a", .output = "b", .limits = limits}}), "OK");
    EXPECT_EQ(create_pipeline("q", {{.name = "t", .input = "c", .limits = limits}}), "OK");
  }
  TestCaller& s_gets(std::uint32_t items = 1) {
    return get("a", items, {.wait = kForever, .lease = kForever, .stage = "s", .pipeline = "p"});
  }
  TestCaller& t_gets(std::uint32_t items = 1) {
    return get("c", items, {.wait = kForever, .lease = kForever, .stage = "t", .pipeline = "q"});
  }
  static model::LeaseId lease_of(const TestCaller& caller) { return caller.get().items.front().lease; }
};

TEST_F(LimitTest, HoldsForAllStagesTogether) {
  create_limit({.name = "db", .max_at_once = 3});
  two_stages({"db"});
  put("a", {"1", "2", "3", "4"});
  put("c", {"5", "6"});
  TestCaller& first = s_gets();
  t_gets();
  EXPECT_EQ(s_gets().outcome(), "ok");
  EXPECT_EQ(limit("db").in_use, 3U);
  TestCaller& fourth = t_gets();
  EXPECT_TRUE(fourth.waiting());
  EXPECT_THAT(limit("db").waiting, ElementsAre(StageName{"q", "t"}));
  complete("a", lease_of(first));
  EXPECT_THAT(fourth.payloads(), ElementsAre("6"));
  EXPECT_EQ(limit("db").in_use, 3U);
}

TEST_F(LimitTest, AGetOfManyTakesWhatIsFree) {
  create_limit({.name = "db", .max_at_once = 2});
  two_stages({"db"});
  put("a", {"1", "2", "3"});
  TestCaller& many = s_gets(10);
  EXPECT_THAT(many.payloads(), ElementsAre("1", "2"));
  EXPECT_TRUE(s_gets().waiting());
}

TEST_F(LimitTest, FailingReleasingAndLosingGiveItBack) {
  create_limit({.name = "db", .max_at_once = 1});
  create_pipeline("p", {{.name = "s", .input = "a", .limits = {"db"}}}, {{"a", {.max_attempts = 0, .backoff = 0s}}});
  put("a", {"1"});
  fail("a", lease_of(s_gets()));
  EXPECT_EQ(limit("db").in_use, 0U);
  release("a", lease_of(s_gets()));
  EXPECT_EQ(limit("db").in_use, 0U);
  const model::LeaseId lease = lease_of(s_gets());
  EXPECT_EQ(limit("db").in_use, 1U);
  Effects effects;
  EXPECT_TRUE(engine().lose(now(), "a", std::span(&lease, 1), effects).ok());
  carry_out(effects);
  EXPECT_EQ(limit("db").in_use, 0U);
}

// Else the stage behind, which makes the room, could wait for what this one holds, for ever.
TEST_F(LimitTest, WhatWaitsForRoomUsesNothing) {
  create_limit({.name = "db", .max_at_once = 1});
  create_pipeline("p", {{.name = "s", .input = "a", .output = "c", .limits = {"db"}}}, {{"c", {.capacity = 1}}});
  create_pipeline("q", {{.name = "t", .input = "c", .limits = {"db"}}});
  put("a", {"1"});
  put("c", {"0"});
  TestCaller& first = s_gets();
  TestCaller& behind = t_gets();
  EXPECT_TRUE(behind.waiting());
  TestCaller& done = complete("a", lease_of(first), {{"c", "2"}}, {.wait = kForever});
  EXPECT_THAT(behind.payloads(), ElementsAre("0"));
  EXPECT_EQ(done.outcome(), "ok") << "and there is the room";
}

TEST_F(LimitTest, StagesTakeTurns) {
  create_limit({.name = "db", .max_at_once = 1});
  two_stages({"db"});
  put("a", {"a1", "a2", "a3"});
  put("c", {"c1", "c2", "c3"});
  std::vector<TestCaller*> workers{&s_gets(), &s_gets(), &s_gets(), &t_gets(), &t_gets(), &t_gets()};
  std::vector<std::string> order;
  while (order.size() < 6) {
    for (TestCaller* worker : workers) {
      if (worker->waiting() || worker->get().items.empty()) continue;
      order.push_back(worker->payloads().front());
      const bool of_s = worker->payloads().front().front() == 'a';
      std::erase(workers, worker);
      complete(of_s ? "a" : "c", lease_of(*worker));
      break;
    }
  }
  EXPECT_THAT(order, ElementsAre("a1", "a2", "c1", "a3", "c2", "c3")) << "s was in line first, then they alternate";
}

TEST_F(LimitTest, WhoNeedsTwoIsNotPassedByWhoNeedsOne) {
  create_limit({.name = "x", .max_at_once = 1});
  create_limit({.name = "y", .max_at_once = 1});
  create_pipeline("p", {{.name = "s", .input = "a", .limits = {"x", "y"}}});
  create_pipeline("q", {{.name = "t", .input = "c", .limits = {"x"}}});
  create_pipeline("r", {{.name = "u", .input = "d", .limits = {"y"}}});
  put("a", {"both"});
  put("c", {"x1", "x2"});
  put("d", {"y1"});
  TestCaller& x1 = t_gets();
  TestCaller& y1 = get("d", 1, {.wait = kForever, .stage = "u", .pipeline = "r"});
  TestCaller& both = s_gets();
  TestCaller& x2 = t_gets();
  complete("c", lease_of(x1));
  EXPECT_TRUE(both.waiting());
  EXPECT_TRUE(x2.waiting()) << "it came later";
  complete("d", lease_of(y1));
  EXPECT_THAT(both.payloads(), ElementsAre("both"));
  complete("a", lease_of(both));
  EXPECT_THAT(x2.payloads(), ElementsAre("x2"));
}

TEST_F(LimitTest, WhoCannotGoLetsTheOthersPass) {
  create_limit({.name = "x", .max_at_once = 1});
  two_stages({"x"});
  put("a", {"1", "2"});
  put("c", {"3"});
  TestCaller& first = s_gets();
  TestCaller& second = s_gets();
  TestCaller& other = t_gets();
  pause_stage("p", "s");
  complete("a", lease_of(first));
  EXPECT_TRUE(second.waiting());
  EXPECT_EQ(other.outcome(), "ok");
  resume_stage("p", "s");
  complete("c", lease_of(other));
  EXPECT_EQ(second.outcome(), "ok");
}

TEST_F(LimitTest, ARateHoldsForAllStagesTogether) {
  create_limit({.name = "api", .per_second = 10.0});
  two_stages({"api"});
  put("a", {"1", "2", "3"});
  put("c", {"4"});
  EXPECT_EQ(s_gets().outcome(), "ok");
  TestCaller& second = s_gets();
  TestCaller& third = t_gets();
  EXPECT_TRUE(second.waiting());
  EXPECT_EQ(engine().next_due(), now() + 100ms);
  pass(100ms - 1us);
  EXPECT_TRUE(second.waiting());
  pass(1us);
  EXPECT_EQ(second.outcome(), "ok");
  EXPECT_TRUE(third.waiting());
  pass(100ms);
  EXPECT_EQ(third.outcome(), "ok");
  EXPECT_EQ(engine().next_due(), base::kNever) << "nobody waits, nothing is to be done";
}

TEST_F(LimitTest, OnlyWorkersOfTheStageAreBound) {
  create_limit({.name = "db", .max_at_once = 1});
  two_stages({"db"});
  put("a", {"1", "2", "3"});
  s_gets();
  TestCaller& second = s_gets();
  EXPECT_THAT(get("a").payloads(), ElementsAre("2"));
  EXPECT_TRUE(second.waiting());
}

TEST_F(LimitTest, RaisingServesThoseWhoWaitAndLoweringTakesNothingAway) {
  create_limit({.name = "db", .max_at_once = 1});
  two_stages({"db"});
  put("a", {"1", "2", "3"});
  s_gets();
  TestCaller& second = s_gets();
  EXPECT_EQ(update_limit("db", {.max_at_once = 2}), "OK");
  EXPECT_EQ(second.outcome(), "ok");
  EXPECT_EQ(update_limit("db", {.max_at_once = 1}), "OK");
  EXPECT_EQ(limit("db").in_use, 2U);
  TestCaller& third = s_gets();
  complete("a", lease_of(second));
  EXPECT_TRUE(third.waiting());
  EXPECT_EQ(update_limit("db", {.max_at_once = 0}), "INVALID_VALUE");
  EXPECT_EQ(update_limit("none", {}), "LIMIT_NOT_FOUND");
}

TEST_F(LimitTest, IsKept) {
  create_limit({.name = "api", .max_at_once = 7, .per_second = 2.5, .burst = 4});
  create_limit({.name = "db", .max_at_once = 1});
  create_pipeline("p", {{.name = "s", .input = "a", .limits = {"api"}}});
  put("a", {"1"});
  s_gets();
  restart();
  EXPECT_EQ(limit("api").spec, (model::LimitSpec{"api", 7, 2.5, 4}));
  EXPECT_EQ(limit("api").in_use, 0U) << "who held it is gone";
  EXPECT_EQ(limit("api").ready, now() + 400ms) << "nobody knows how much was taken before";
  EXPECT_EQ(engine().list_limits(now(), "api", 10).size(), 1U);
}

TEST_F(LimitTest, IsThereBeforeItsStagesAndUntilTheyAreGone) {
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "a", .limits = {"db"}}}), "LIMIT_NOT_FOUND");
  EXPECT_FALSE(exists("a")) << "all or nothing";
  create_limit({.name = "db", .max_at_once = 1});
  EXPECT_EQ(create_limit({.name = "db", .max_at_once = 2}), "LIMIT_EXISTS");
  EXPECT_EQ(create_limit({.name = "nothing"}), "INVALID_VALUE");
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "a", .limits = {"db"}}}), "OK");
  EXPECT_EQ(delete_limit("db"), "LIMIT_IN_USE");
  EXPECT_TRUE(remove_pipeline("p").ok());
  EXPECT_EQ(delete_limit("db"), "OK");
  EXPECT_EQ(delete_limit("db"), "LIMIT_NOT_FOUND");
  EXPECT_TRUE(store().limits().empty());
}

TEST_F(LimitTest, OfADeletedPipelineItIsInUseUntilItsItemsEnd) {
  create("a");
  create_limit({.name = "db", .max_at_once = 1});
  create_pipeline("p", {{.name = "s", .input = "a", .limits = {"db"}}});
  put("a", {"1"});
  const model::LeaseId lease = lease_of(s_gets());
  EXPECT_TRUE(remove_pipeline("p", true).ok());
  EXPECT_EQ(delete_limit("db"), "LIMIT_IN_USE");
  complete("a", lease);
  EXPECT_EQ(delete_limit("db"), "OK");
}

TEST_F(LimitTest, ExhaustedIsAStallOfWhoHasNone) {
  create_limit({.name = "db", .max_at_once = 1});
  two_stages({"db"});
  start_worker("p", "s");
  start_worker("q", "t");
  put("a", {"1", "2"});
  put("c", {"3"});
  s_gets();
  s_gets();
  t_gets();
  EXPECT_THAT(pipeline("p").stalls, IsEmpty()) << "it is at work";
  const auto stalls = pipeline("q").stalls;
  ASSERT_EQ(stalls.size(), 1U);
  EXPECT_EQ(stalls.front().reason, StallReason::kLimitExhausted);
  EXPECT_EQ(stalls.front().message, "stage \"t\" waits for limit \"db\" (1 of 1 in use), and queue \"c\" has 1 waiting item");
}

}  // namespace
}  // namespace sluice::engine::testing
