// A caller that keeps its answers for the test.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "server/engine/effects.h"
#include "tests/support/deadline.h"

namespace sluice::support {

// Thread-safe. Must outlive its command, as every caller.
class RecordedCaller final : public engine::Caller {
 public:
  void answer(engine::Answer&& answer) override {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.notify_all();
  }

  // The next answer, waiting for it; an answer with DEADLINE_EXCEEDED if none comes in time.
  template <class Kind>
  Kind next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kDeadline, [this] { return !answers_.empty(); })) {
      Kind late;
      late.status = absl::DeadlineExceededError("no answer came");
      return late;
    }
    Kind answer = std::get<Kind>(std::move(answers_.front()));
    answers_.pop_front();
    return answer;
  }

  // Answers that have come and have not been taken.
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return answers_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<engine::Answer> answers_;
};

}  // namespace sluice::support
