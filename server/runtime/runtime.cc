#include "server/runtime/runtime.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "server/runtime/live_engine.h"

namespace sluice::runtime {

Runtime::Runtime(const RuntimeOptions& options, const base::Clock& clock, journal::Journal& journal,
                 const handlers::Registry& handlers)
    : impl_(std::make_unique<Impl>(*this, options, clock, journal, handlers)) {}

Runtime::~Runtime() { impl_->stop(); }

absl::Status Runtime::start(std::function<void(const absl::Status&)> on_failed, const OnRecovery& on_progress) {
  return impl_->start(std::move(on_failed), on_progress);
}

bool Runtime::drain(base::Duration limit) { return impl_->drain(limit); }

void Runtime::stop() { impl_->stop(); }

std::optional<journal::StoreUse> Runtime::store_use() const { return impl_->journal().use(); }

absl::StatusOr<journal::BackupFile> Runtime::back_up(const std::function<bool()>& go_on) {
  return impl_->journal().back_up(go_on);
}

bool Runtime::withdraw(engine::Caller& caller) {
  Turn turn(*this);
  bool withdrawn = turn.engine().withdraw(turn.now(), caller, turn.effects());
  if (withdrawn) {
    // While an answer that is not the final one is under way, the caller must live, and only a final one tells it until when.
    auto last = impl_->last_answer_for(caller, absl::CancelledError("the command was withdrawn"));
    if (last) {
      turn.effects().answers.emplace_back(&caller, std::move(*last));
      withdrawn = false;
    }
  }
  turn.finish(nullptr);
  return withdrawn;
}

namespace {

// The page of what was found, which may be one item more.
PeekedPage page_of(std::vector<engine::PeekedItem>&& found, std::size_t limit) {
  std::size_t bytes = 0;  // to be read
  std::size_t shown = 0;
  while (shown < std::min(found.size(), limit) && bytes <= limits::kMaxGetBytes) {
    if (found[shown].body == nullptr) bytes += found[shown].body_bytes;
    ++shown;
  }
  const bool more = shown < found.size();
  found.resize(shown);
  return {std::move(found), more};
}

}  // namespace

void Runtime::peek(std::string_view queue, std::optional<model::ItemState> state, std::size_t offset, std::size_t limit,
                   absl::AnyInvocable<void(absl::StatusOr<PeekedPage>)> then) {
  run([&](const engine::Engine& engine, base::Time, engine::Effects&) { return engine.peek(queue, state, offset, limit + 1); },
      [this, limit, then = std::move(then)](absl::StatusOr<std::vector<engine::PeekedItem>> found) mutable {
        if (!found.ok()) return then(found.status());
        impl_->bodies().give(page_of(*std::move(found), limit), std::move(then));
      });
}

PayloadUse Runtime::payload_use() const { return impl_->payload_use(); }

StageStatus Runtime::stage_status(std::string_view pipeline, std::string_view stage) const {
  return impl_->stage_status(pipeline, stage);
}

const handlers::Registry& Runtime::handlers() const { return impl_->handlers(); }

base::Histogram Runtime::commit_times() const { return impl_->commit_times(); }

bool Runtime::stopping() const { return impl_->stopping(); }

Runtime::Turn::Turn(Runtime& runtime) : impl_(*runtime.impl_), now_(impl_.lock()) {}

Runtime::Turn::~Turn() {
  // A command that threw has left the engine half changed: what was recorded is right, what is in memory is not.
  if (!finished_) std::terminate();
}

engine::Engine& Runtime::Turn::engine() { return impl_.engine(); }

engine::Effects& Runtime::Turn::effects() { return impl_.effects(); }

void Runtime::Turn::finish(absl::AnyInvocable<void(const absl::Status&)> then) {
  finished_ = true;
  impl_.finish(now_, std::move(then));
}

}  // namespace sluice::runtime
