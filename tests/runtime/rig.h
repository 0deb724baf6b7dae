// A runtime with everything around it, and its commands as plain calls.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/journal/memory.h"
#include "server/runtime/runtime.h"
#include "tests/support/manual_clock.h"
#include "tests/support/recorded_caller.h"

namespace sluice::runtime {

class Rig {
 public:
  // On the machine's clock, with a journal that keeps nothing; or as given.
  Rig() : clock_(own_clock_), journal_(own_journal_) {}
  Rig(const base::Clock& clock, journal::Journal& journal) : clock_(clock), journal_(journal) {}

  // Before start().
  void add(const std::string& name, std::shared_ptr<handlers::Handler> handler) {
    ASSERT_TRUE(handlers_.add(name, std::move(handler)).ok());
  }
  void start(std::function<void(const absl::Status&)> on_failed = nullptr, const engine::EngineOptions& engine = {}) {
    runtime_.emplace(RuntimeOptions{.threads = 2, .engine = engine}, clock_, journal_, handlers_);
    ASSERT_TRUE(runtime_->start(std::move(on_failed)).ok());
  }
  Runtime& operator*() { return *runtime_; }
  Runtime* operator->() { return &*runtime_; }

  // The command's own result, without waiting for a commit.
  template <class Command>
  auto now(Command command) {
    std::optional<std::invoke_result_t<Command, engine::Engine&, base::Time, engine::Effects&>> result;
    runtime_->apply(
        [&](engine::Engine& engine, base::Time time, engine::Effects& out) { result = command(engine, time, out); });
    return *std::move(result);
  }

  void create(const std::string& name, model::QueueSettingsPatch settings = {.capacity = 0}) {
    EXPECT_TRUE(now([&](auto& engine, auto time, auto& out) {
                  return engine.create_queue(time, {name, std::move(settings)}, false, out);
                }).ok());
  }
  void close(const std::string& name) {
    EXPECT_TRUE(now([&](auto& engine, auto time, auto& out) { return engine.close_queue(time, name, false, out); }).ok());
  }
  void create(const model::PipelineSpec& pipeline) {
    const auto status = now([&](auto& engine, auto time, auto& out) { return engine.create_pipeline(time, pipeline, out); });
    EXPECT_TRUE(status.ok()) << status;
  }
  engine::QueueView view(const std::string& name) {
    auto view = now([&](auto& engine, auto time, auto&) { return engine.queue(time, name); });
    EXPECT_TRUE(view.ok()) << view.status();
    return view.ok() ? *std::move(view) : engine::QueueView{};
  }

  // Gives the command and leaves; `caller` hears of it.
  void begin_put(engine::Caller& caller, const std::string& queue, const std::vector<std::string>& payloads,
                 base::Time give_up = base::kNever) {
    engine::PutCommand command{.queue = queue, .give_up = give_up};
    for (const auto& payload : payloads) {
      command.items.push_back({.body = std::make_shared<model::Body>(model::Body{payload, {}})});
    }
    runtime_->apply([&](auto& engine, auto time, auto& out) { engine.put(time, std::move(command), caller, out); });
  }
  void begin_get(engine::Caller& caller, const std::string& queue, std::uint32_t max_items = 1,
                 base::Time give_up = base::kNever) {
    runtime_->apply([&](auto& engine, auto time, auto& out) {
      engine.get(time, {.queue = queue, .max_items = max_items, .give_up = give_up}, caller, out);
    });
  }
  void begin_join(engine::Caller& caller, const std::string& queue) {
    runtime_->apply([&](auto& engine, auto time, auto& out) { engine.join_queue(time, {.name = queue}, caller, out); });
  }

  // Waits for the answer.
  absl::Status put(const std::string& queue, const std::vector<std::string>& payloads) {
    support::RecordedCaller caller;
    begin_put(caller, queue, payloads);
    return caller.next<engine::PutAnswer>().status;
  }
  engine::GetAnswer get(const std::string& queue, std::uint32_t max_items = 1) {
    support::RecordedCaller caller;
    begin_get(caller, queue, max_items);
    return caller.next<engine::GetAnswer>();
  }
  absl::Status complete(const std::string& queue, model::LeaseId lease) {
    support::RecordedCaller caller;
    runtime_->apply(
        [&](auto& engine, auto time, auto& out) { engine.complete(time, {.queue = queue, .lease = lease}, caller, out); });
    return caller.next<engine::CompleteAnswer>().status;
  }
  absl::Status join(const std::string& queue) {
    support::RecordedCaller caller;
    begin_join(caller, queue);
    return last_of(caller);
  }
  absl::Status join_pipeline(const std::string& pipeline) {
    support::RecordedCaller caller;
    runtime_->apply([&](auto& engine, auto time, auto& out) { engine.join_pipeline(time, {.name = pipeline}, caller, out); });
    return last_of(caller);
  }

 private:
  static absl::Status last_of(support::RecordedCaller& caller) {
    for (;;) {
      const auto answer = caller.next<engine::JoinAnswer>();
      if (answer.done || !answer.status.ok()) return answer.status;
    }
  }

  base::SystemClock own_clock_;
  journal::MemoryJournal own_journal_;
  const base::Clock& clock_;
  journal::Journal& journal_;
  handlers::Registry handlers_;
  std::optional<Runtime> runtime_;
};

}  // namespace sluice::runtime
