#include "server/base/reaction.h"

#include <atomic>
#include <cassert>
#include <utility>

namespace sluice::base {
namespace {

std::atomic<const SlowReactions*> watcher{nullptr};

}  // namespace

SlowReactions::SlowReactions(Duration threshold, Report report) : threshold_(threshold), report_(std::move(report)) {
  [[maybe_unused]] const auto* before = watcher.exchange(this, std::memory_order_release);
  assert(before == nullptr);
}

SlowReactions::~SlowReactions() { watcher.store(nullptr, std::memory_order_release); }

ReactionTimer::ReactionTimer(std::string_view reaction)
    : watcher_(watcher.load(std::memory_order_acquire)), reaction_(reaction) {
  if (watcher_ != nullptr) start_ = std::chrono::steady_clock::now();
}

ReactionTimer::~ReactionTimer() {
  if (watcher_ == nullptr) return;
  const auto held = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_);
  if (held > watcher_->threshold_) watcher_->report_(reaction_, held);
}

}  // namespace sluice::base
