// Limits and what stages say of them, from messages and back.
#include <gtest/gtest.h>

#include "server/base/errors.h"
#include "server/wire/spec.h"
#include "server/wire/views.h"

namespace sluice::wire {
namespace {

v1::LimitSpec both() {
  v1::LimitSpec spec;
  spec.set_name("db");
  spec.set_max_at_once(3);
  spec.set_per_second(2.5);
  spec.set_burst(4);
  return spec;
}

TEST(LimitSpec, IsReadWithItsDefaults) {
  const auto all = limit_spec(both());
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(*all, (model::LimitSpec{"db", 3, 2.5, 4}));
  v1::LimitSpec bare;
  bare.set_name("db");
  EXPECT_EQ(*limit_spec(bare), (model::LimitSpec{"db", 0, 0.0, 1}));
}

TEST(LimitSpec, WhatIsAbsentStaysAtAnUpdate) {
  v1::LimitSpec change;
  change.set_name("db");
  change.set_max_at_once(0);
  const auto patch = limit_patch(change);
  ASSERT_TRUE(patch.ok()) << patch.status();
  EXPECT_EQ(patch->applied_to({"db", 3, 2.5, 4}), (model::LimitSpec{"db", 0, 2.5, 4}));
}

TEST(LimitSpec, RangesAreChecked) {
  const auto refused = [](auto change, base::Reason reason) {
    v1::LimitSpec spec = both();
    change(spec);
    EXPECT_TRUE(base::is(limit_spec(spec).status(), reason)) << spec.DebugString();
    EXPECT_FALSE(limit_patch(spec).ok()) << spec.DebugString();
  };
  refused([](auto& spec) { spec.set_name(""); }, base::Reason::kInvalidName);
  refused([](auto& spec) { spec.set_max_at_once(1'000'001); }, base::Reason::kInvalidValue);
  refused([](auto& spec) { spec.set_per_second(-1.0); }, base::Reason::kInvalidValue);
  refused([](auto& spec) { spec.set_per_second(0.000001); }, base::Reason::kInvalidValue);
  refused([](auto& spec) { spec.set_burst(0); }, base::Reason::kInvalidValue);
}

TEST(LimitView, IsShownWhole) {
  engine::LimitView view{.spec = {"db", 3, 2.5, 4}, .in_use = 2, .ready = base::Time{std::chrono::seconds{5}}};
  view.stages = {{"p", "s"}, {"q", "t"}};
  view.waiting = {{"q", "t"}};
  v1::Limit limit;
  fill(view, limit);
  EXPECT_EQ(*limit_spec(limit.spec()), view.spec);
  EXPECT_EQ(limit.in_use(), 2U);
  ASSERT_EQ(limit.stages_size(), 2);
  EXPECT_EQ(limit.stages(1).pipeline(), "q");
  EXPECT_EQ(limit.stages(1).stage(), "t");
  EXPECT_EQ(limit.waiting_size(), 1);
  EXPECT_EQ(limit.ready_time().seconds(), 5);
}

TEST(StageSpec, NamesItsLimitsAndWorkers) {
  v1::PipelineSpec spec;
  spec.set_name("p");
  auto& stage = *spec.add_stages();
  stage.set_input("in");
  stage.set_start_workers(5);
  stage.add_limits("db");
  stage.add_limits("mails");
  const auto read = pipeline_spec(spec);
  ASSERT_TRUE(read.ok()) << read.status();
  v1::StageSpec back;
  fill(read->stages.front(), back);
  EXPECT_EQ(back.start_workers(), 5U);
  ASSERT_EQ(back.limits_size(), 2);
  EXPECT_EQ(back.limits(1), "mails");

  stage.add_limits("db");
  EXPECT_TRUE(base::is(pipeline_spec(spec).status(), base::Reason::kInvalidPipeline));
  stage.clear_limits();
  stage.set_start_workers(11'001);
  EXPECT_TRUE(base::is(pipeline_spec(spec).status(), base::Reason::kInvalidValue));
}

TEST(RetryPolicy, KnowsLostAttemptsAndFinalExitCodes) {
  v1::QueueSpec spec;
  spec.set_name("q");
  auto& retry = *spec.mutable_settings()->mutable_retry();
  retry.set_max_lost_attempts(4);
  retry.mutable_final_exit_codes()->add_codes(64);
  retry.mutable_final_exit_codes()->add_codes(2);
  retry.mutable_final_exit_codes()->add_codes(64);
  const auto read = queue_spec(spec);
  ASSERT_TRUE(read.ok()) << read.status();
  const model::RetryPolicy policy = read->initial_settings().retry;
  EXPECT_EQ(policy.max_lost_attempts, 4U);
  EXPECT_EQ(policy.final_exit_codes, (std::vector<std::int32_t>{2, 64}));
  const auto back = retry_message(policy);
  EXPECT_EQ(back.max_lost_attempts(), 4U);
  EXPECT_EQ(back.final_exit_codes().codes_size(), 2);

  retry.mutable_final_exit_codes()->add_codes(256);
  EXPECT_TRUE(base::is(queue_spec(spec).status(), base::Reason::kInvalidValue));
}

}  // namespace
}  // namespace sluice::wire
