#include "tests/engine/engine_fixture.h"

#include <utility>

namespace sluice::engine::testing {
namespace {

model::BodyPtr body_of(std::string payload) {
  auto body = std::make_shared<model::Body>();
  body->payload = std::move(payload);
  return body;
}

}  // namespace

model::QueueSettingsPatch Settings::patch() const {
  model::QueueSettingsPatch patch;
  patch.capacity = capacity;
  patch.order = order;
  patch.lease_duration = lease;
  patch.max_attempts = max_attempts;
  patch.initial_backoff = backoff;
  patch.max_backoff = max_backoff;
  patch.multiplier = multiplier;
  patch.jitter = jitter;
  patch.dead_letter_queue = dead_letter_queue;
  patch.durability = durability;
  patch.max_lost_attempts = max_lost_attempts;
  patch.final_exit_codes = final_exit_codes;
  return patch;
}

EngineTest::EngineTest(const EngineOptions& options) : options_(options), engine_(std::make_unique<Engine>(options)) {}

EngineTest::~EngineTest() { EXPECT_THAT(store_.complaints(), IsEmpty()); }

void EngineTest::carry_out(Effects& effects) {
  store_.apply(effects.records);
  for (auto& [caller, answer] : effects.answers) caller->answer(std::move(answer));
  for (StageChange& change : effects.stage_changes) changes_[change.spec.name] = std::move(change);
  effects.clear();
}

void EngineTest::pass(base::Duration time) {
  const base::Time end = now_ + time;
  Effects effects;
  for (int turns = 0; engine_->next_due() <= end; ++turns) {
    ASSERT_LT(turns, 100'000) << "run_due does not get on";
    now_ = std::max(now_, engine_->next_due());
    const base::Time next = engine_->run_due(now_, effects);
    ASSERT_GT(next, now_) << "run_due left something behind";
    ASSERT_EQ(next, engine_->next_due());
    carry_out(effects);
  }
  now_ = end;
}

std::string EngineTest::create(std::string_view queue, const Settings& settings, bool allow_existing) {
  Effects effects;
  model::QueueSpec spec;
  spec.name = std::string(queue);
  spec.settings = settings.patch();
  const absl::Status status = engine_->create_queue(now_, spec, allow_existing, effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::update(std::string_view queue, const Settings& settings) {
  Effects effects;
  const absl::Status status = engine_->update_queue(now_, queue, settings.patch(), effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::close(std::string_view queue, bool immediate) {
  Effects effects;
  const absl::Status status = engine_->close_queue(now_, queue, immediate, effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::pause(std::string_view queue) {
  Effects effects;
  const absl::Status status = engine_->pause_queue(now_, queue, effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::resume(std::string_view queue) {
  Effects effects;
  const absl::Status status = engine_->resume_queue(now_, queue, effects);
  carry_out(effects);
  return reason_name(status);
}

absl::StatusOr<std::uint64_t> EngineTest::purge(std::string_view queue) {
  Effects effects;
  auto discarded = engine_->purge_queue(now_, queue, effects);
  carry_out(effects);
  return discarded;
}

absl::StatusOr<std::uint64_t> EngineTest::remove(std::string_view queue, bool force) {
  Effects effects;
  auto discarded = engine_->delete_queue(now_, queue, force, effects);
  carry_out(effects);
  return discarded;
}

QueueView EngineTest::view(std::string_view queue) {
  auto view = engine_->queue(now_, queue);
  EXPECT_TRUE(view.ok()) << queue << ": " << view.status().message();
  return view.ok() ? *std::move(view) : QueueView{};
}

std::vector<PeekedItem> EngineTest::peek_items(std::string_view queue, std::optional<model::ItemState> state) {
  auto items = engine_->peek(queue, state, 0, 1'000);
  EXPECT_TRUE(items.ok()) << queue << ": " << items.status().message();
  return items.ok() ? *std::move(items) : std::vector<PeekedItem>{};
}

std::vector<std::string> EngineTest::peek(std::string_view queue, std::optional<model::ItemState> state) {
  std::vector<std::string> payloads;
  for (const PeekedItem& item : peek_items(queue, state)) payloads.push_back(item.body->payload);
  return payloads;
}

TestCaller& EngineTest::new_caller(std::string name) { return callers_.emplace_back(std::move(name)); }

TestCaller& EngineTest::put(std::string_view queue, const std::vector<std::string>& payloads, const PutOptions& options) {
  PutCommand command;
  command.queue = std::string(queue);
  for (const std::string& payload : payloads) {
    command.items.push_back({.body = body_of(payload), .priority = options.priority, .delay = options.delay});
  }
  command.give_up = after(options.wait);
  command.request_id = options.request_id;
  TestCaller& caller = new_caller("put");
  Effects effects;
  engine_->put(now_, std::move(command), caller, effects);
  carry_out(effects);
  return caller;
}

TestCaller& EngineTest::get(std::string_view queue, std::uint32_t max_items, const GetOptions& options) {
  GetCommand command;
  command.queue = std::string(queue);
  command.max_items = max_items;
  command.give_up = after(options.wait);
  command.lease_duration = options.lease;
  command.consumer = options.consumer;
  command.stage = options.stage;
  command.pipeline = options.pipeline;
  command.worker = options.worker;
  TestCaller& caller = new_caller("get");
  Effects effects;
  engine_->get(now_, std::move(command), caller, effects);
  carry_out(effects);
  return caller;
}

model::Delivery EngineTest::take(std::string_view queue, const GetOptions& options) {
  const TestCaller& caller = get(queue, 1, options);
  EXPECT_EQ(caller.outcome(), "ok") << "taking from " << queue;
  if (caller.outcome() == "ok") return caller.get().items.at(0);
  model::Delivery nothing;
  nothing.body = body_of("");
  return nothing;
}

TestCaller& EngineTest::complete(std::string_view queue, model::LeaseId lease, const std::vector<To>& outputs,
                                 const CompleteOptions& options) {
  CompleteCommand command;
  command.queue = std::string(queue);
  command.lease = lease;
  for (const To& output : outputs) {
    command.outputs.push_back({.queue = output.queue, .item = {.body = body_of(output.payload)}});
  }
  command.give_up = after(options.wait);
  command.request_id = options.request_id;
  TestCaller& caller = new_caller("complete");
  Effects effects;
  engine_->complete(now_, std::move(command), caller, effects);
  carry_out(effects);
  return caller;
}

std::string EngineTest::fail(std::string_view queue, model::LeaseId lease, const FailOptions& options) {
  FailCommand command;
  command.queue = std::string(queue);
  command.lease = lease;
  command.failure.reason = options.reason;
  command.failure.message = options.message;
  command.do_not_retry = options.do_not_retry;
  command.failure.exit_code = options.exit_code;
  command.retry_delay = options.retry_delay;
  command.request_id = options.request_id;
  Effects effects;
  const absl::Status status = engine_->fail(now_, std::move(command), effects);
  carry_out(effects);
  return reason_name(status);
}

absl::StatusOr<base::Time> EngineTest::extend(std::string_view queue, model::LeaseId lease,
                                              std::optional<base::Duration> duration) {
  Effects effects;
  auto until = engine_->extend(now_, queue, lease, duration, effects);
  carry_out(effects);
  return until;
}

std::string EngineTest::release(std::string_view queue, model::LeaseId lease) {
  Effects effects;
  const absl::Status status = engine_->release(now_, queue, lease, effects);
  carry_out(effects);
  return reason_name(status);
}

TestCaller& EngineTest::join(std::string_view queue, std::optional<std::uint64_t> since, base::Duration progress_interval) {
  TestCaller& caller = new_caller("join");
  Effects effects;
  const JoinCommand command{.name = std::string(queue), .progress_interval = progress_interval, .since_idle_count = since};
  engine_->join_queue(now_, command, caller, effects);
  carry_out(effects);
  return caller;
}

bool EngineTest::withdraw(TestCaller& caller) {
  Effects effects;
  const bool taken_back = engine_->withdraw(now_, caller, effects);
  carry_out(effects);
  return taken_back;
}

void EngineTest::restart(base::Duration down_time) {
  now_ += down_time;
  engine_ = std::make_unique<Engine>(options_);
  changes_.clear();
  for (model::Record& record : store_.load()) EXPECT_TRUE(engine_->restore(std::move(record)).ok());
  Effects effects;
  engine_->finish_restore(now_, effects);
  carry_out(effects);
}

}  // namespace sluice::engine::testing
