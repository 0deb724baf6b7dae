#include "tests/engine/jobs_fixture.h"

#include <fmt/format.h>

#include "server/base/errors.h"

namespace sluice::engine::testing {
namespace {

model::BodyPtr body_of(const std::string& payload) { return std::make_shared<const model::Body>(model::Body{payload, {}}); }

std::string_view word(model::JobState state) {
  switch (state) {
    case model::JobState::kRunning:
      return "running";
    case model::JobState::kSucceeded:
      return "succeeded";
    case model::JobState::kFailed:
      return "failed";
    case model::JobState::kDiscarded:
      return "discarded";
    case model::JobState::kLost:
      return "lost";
    case model::JobState::kCancelled:
      return "cancelled";
    case model::JobState::kExpired:
      return "expired";
  }
  return "?";
}

}  // namespace

TestCaller& JobsTest::submit_to(std::string_view queue, const std::vector<std::string>& payloads, const Options& options) {
  Submission submission{.pipeline = options.pipeline,
                        .keep = options.keep,
                        .begins_batch = options.begins_batch,
                        .batch = model::BatchId{options.batch},
                        .seals_batch = options.seals,
                        .patience = options.patience,
                        .callback_queue = options.callback_queue};
  if (!options.callback_queue.empty()) submission.callback = body_of("all done");
  PutCommand command{.queue = std::string(queue), .give_up = after(options.wait), .request_id = options.request_id};
  command.submission = std::make_shared<const Submission>(std::move(submission));
  for (const auto& payload : payloads) command.items.push_back({.body = body_of(payload)});
  TestCaller& caller = new_caller("submit");
  Effects effects;
  engine().put(now(), std::move(command), caller, effects);
  carry_out(effects);
  return caller;
}

std::uint64_t JobsTest::submit(std::string_view queue, const std::string& payload) {
  return submit(queue, std::vector<std::string>{payload}, {});
}

std::uint64_t JobsTest::submit(std::string_view queue, const std::vector<std::string>& payloads, const Options& options) {
  const TestCaller& caller = submit_to(queue, payloads, options);
  EXPECT_EQ(caller.outcome(), "ok");
  return caller.outcome() == "ok" ? model::number(caller.put().first) : 0;
}

TestCaller& JobsTest::await(const std::vector<std::uint64_t>& jobs, bool in_order) {
  AwaitCommand command{.in_order = in_order};
  for (const std::uint64_t id : jobs) command.jobs.push_back(model::JobId{id});
  TestCaller& caller = new_caller("await");
  Effects effects;
  engine().await(now(), command, caller, effects);
  carry_out(effects);
  return caller;
}

TestCaller& JobsTest::await_batch(std::uint64_t batch, bool in_order) {
  TestCaller& caller = new_caller("await");
  Effects effects;
  engine().await(now(), {.batch = model::BatchId{batch}, .in_order = in_order}, caller, effects);
  carry_out(effects);
  return caller;
}

TestCaller& JobsTest::complete_with(std::string_view queue, model::LeaseId lease, const std::string& result,
                                    const std::vector<To>& outputs) {
  CompleteCommand command{.queue = std::string(queue), .lease = lease, .results = {body_of(result)}};
  for (const To& output : outputs) command.outputs.push_back({output.queue, {.body = body_of(output.payload)}});
  TestCaller& caller = new_caller("complete");
  Effects effects;
  engine().complete(now(), std::move(command), caller, effects);
  carry_out(effects);
  return caller;
}

void JobsTest::work(std::string_view queue, const std::string& result) {
  EXPECT_EQ(complete_with(queue, take(queue).lease, result).outcome(), "ok");
}

void JobsTest::cancel(std::string_view queue, std::uint64_t id) {
  Effects effects;
  const auto outcomes = engine().cancel(now(), queue, std::vector{model::ItemId{id}}, effects);
  carry_out(effects);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_NE(outcomes->front(), CancelOutcome::kGone);
  EXPECT_NE(outcomes->front(), CancelOutcome::kUnknown);
}

JobView JobsTest::job(std::uint64_t id) {
  auto view = engine().job(model::JobId{id});
  EXPECT_TRUE(view.ok()) << view.status();
  return view.ok() ? *std::move(view) : JobView{};
}

BatchView JobsTest::batch(std::uint64_t id) {
  auto view = engine().batch(model::BatchId{id});
  EXPECT_TRUE(view.ok()) << view.status();
  return view.ok() ? *std::move(view) : BatchView{};
}

std::string JobsTest::outcome(std::uint64_t id) {
  const auto view = engine().job(model::JobId{id});
  if (!view.ok()) return reason_name(view.status());
  std::string text{word(view->facts.state)};
  if (view->facts.state == model::JobState::kSucceeded) {
    if (!view->facts.results.empty()) text += ":";
    for (const auto& result : view->facts.results) text += " " + result->payload;
  } else if (view->facts.failure) {
    text += ": " + view->facts.failure->reason;
  }
  return text;
}

std::string JobsTest::seal(std::uint64_t id) {
  Effects effects;
  const auto status = engine().seal_batch(now(), model::BatchId{id}, effects);
  carry_out(effects);
  return reason_name(status);
}

std::uint64_t JobsTest::forget(const std::vector<std::uint64_t>& jobs) {
  std::vector<model::JobId> ids;
  for (const std::uint64_t id : jobs) ids.push_back(model::JobId{id});
  Effects effects;
  const std::uint64_t count = engine().forget_jobs(now(), ids, effects);
  carry_out(effects);
  return count;
}

}  // namespace sluice::engine::testing
