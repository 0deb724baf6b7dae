#include "tests/admin/rig.h"

#include <chrono>
#include <future>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::admin {
namespace {

// Whoever puts or gets in these tests is answered at once.
class Caller final : public engine::Caller {
 public:
  void answer(engine::Answer&& answer) override { answer_ = std::move(answer); }
  [[nodiscard]] const std::optional<engine::Answer>& seen() const { return answer_; }

 private:
  std::optional<engine::Answer> answer_;
};

}  // namespace

boost::asio::awaitable<handlers::Outcome> Gate::run(const handlers::Input& input, handlers::Context& context) {
  bool stopped = false;
  context.on_stop([&stopped] { stopped = true; });
  while (input.payload() == "hold" && held_ && !stopped) {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  }
  context.on_stop(nullptr);
  if (input.payload() == "fail") {
    handlers::Error error;
    error.failure.reason = "ON_PURPOSE";
    error.failure.message = "it said so";
    error.do_not_retry = true;
    co_return error;
  }
  co_return std::vector<handlers::Output>{{std::string(input.payload()), std::nullopt}};
}

Rig::Rig(Access access, std::unique_ptr<journal::Journal> journal) : journal_(std::move(journal)) {
  EXPECT_TRUE(registry_.add("gate", gate_).ok());
  runtime_ = std::make_unique<runtime::Runtime>(runtime::RuntimeOptions{}, clock_, *journal_, registry_);
  EXPECT_TRUE(runtime_->start([](const absl::Status&) {}).ok());
  admin_ = std::make_unique<AdminServer>(House{.runtime = *runtime_,
                                               .clock = clock_,
                                               .calls = calls_,
                                               .journal = *journal_,
                                               .version = "1.2.3",
                                               .access = std::move(access),
                                               .ready = [this] {
                                                 const std::lock_guard lock(mutex_);
                                                 return ready_;
                                               }});
  const auto port = admin_->start("127.0.0.1:0");
  EXPECT_TRUE(port.ok()) << port.status();
  port_ = port.value_or(0);
}

Rig::~Rig() {
  gate_->let_go();
  admin_->stop();
  runtime_->stop();
}

void Rig::set_ready(absl::Status status) {
  const std::lock_guard lock(mutex_);
  ready_ = std::move(status);
}

void Rig::run(const std::function<absl::Status(engine::Engine&, base::Time, engine::Effects&)>& command) {
  absl::Status status;
  runtime_->apply(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) { status = command(engine, now, effects); });
  EXPECT_TRUE(status.ok()) << status;
}

void Rig::create(const std::string& queue, std::uint32_t capacity) {
  run([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    return engine.create_queue(now, {queue, {.capacity = capacity}}, false, effects);
  });
}

void Rig::create_line(std::uint32_t workers) {
  model::PipelineSpec spec{.name = "line", .queues = {}, .stages = {}};
  spec.stages.push_back({.name = "work", .input = "input", .output = "output", .handler = "gate", .workers = workers});
  run([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    return engine.create_pipeline(now, spec, effects);
  });
}

void Rig::put(const std::string& queue, const std::string& payload) {
  put(queue, model::NewItem{.body = std::make_shared<model::Body>(model::Body{payload, {}})});
}

void Rig::put(const std::string& queue, model::NewItem item) {
  engine::PutCommand command{.queue = queue, .items = {}};
  command.items.push_back(std::move(item));
  command.give_up = clock_.now();
  Caller caller;
  runtime_->apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.put(now, std::move(command), caller, effects);
  });
  ASSERT_TRUE(caller.seen());
  EXPECT_TRUE(std::get<engine::PutAnswer>(*caller.seen()).status.ok());
}

void Rig::submit(const std::string& queue, const std::vector<std::string>& payloads) {
  engine::PutCommand command{.queue = queue, .items = {}};
  for (const std::string& payload : payloads) {
    command.items.push_back({std::make_shared<model::Body>(model::Body{payload, {}})});
  }
  command.submission = std::make_shared<engine::Submission>(engine::Submission{.begins_batch = true, .seals_batch = true});
  Caller caller;
  runtime_->apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.put(now, std::move(command), caller, effects);
  });
  ASSERT_TRUE(caller.seen());
  EXPECT_TRUE(std::get<engine::PutAnswer>(*caller.seen()).status.ok());
}

void Rig::create_limit(const std::string& limit, std::uint32_t max_at_once) {
  run([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    return engine.create_limit(now, {.name = limit, .max_at_once = max_at_once}, effects);
  });
}

void Rig::create_schedule(const std::string& schedule, const std::string& queue) {
  const model::ScheduleSpec spec{
      .name = schedule, .queue = queue, .cron = "@yearly", .body = std::make_shared<model::Body>(model::Body{"payload", {}})};
  run([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    return engine.create_schedule(now, spec, effects);
  });
}

void Rig::take(const std::string& queue) {
  Caller caller;
  runtime_->apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.get(now, {.queue = queue, .give_up = now, .consumer = "a test"}, caller, effects);
  });
  ASSERT_TRUE(caller.seen());
  EXPECT_EQ(std::get<engine::GetAnswer>(*caller.seen()).items.size(), 1U);
}

nlohmann::json Rig::json(const std::string& target) {
  const auto answer = get(port_, target);
  EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
  return nlohmann::json::parse(answer.body, nullptr, false);
}

nlohmann::json Rig::until(const std::string& target, const std::function<bool(const nlohmann::json&)>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  nlohmann::json seen = json(target);
  while (!condition(seen) && std::chrono::steady_clock::now() < deadline) seen = json(target);
  EXPECT_TRUE(condition(seen)) << seen;
  return seen;
}

}  // namespace sluice::admin
