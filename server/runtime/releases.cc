#include "server/runtime/releases.h"

#include <algorithm>
#include <iterator>
#include <variant>

#include "server/base/limits.h"

namespace sluice::runtime {
namespace {

engine::Answer refused(const engine::Answer& answer, const absl::Status& status) {
  return std::visit(
      [&status]<class Kind>(const Kind&) -> engine::Answer {
        Kind refusal;
        refusal.status = status;
        return refusal;
      },
      answer);
}

// Keeps the room for the next turn, unless it was an exceptionally large one.
template <class T>
void empty(std::vector<T>& buffer) {
  buffer.clear();
  if (buffer.capacity() > limits::kKeptAnswers) buffer.shrink_to_fit();
}

}  // namespace

void Releases::add(journal::Position position, Answers& answers, Then then) {
  {
    const std::lock_guard lock(mutex_);
    for (auto& [caller, answer] : answers) {
      const bool progress = !engine::is_final(answer);
      pending_.push_back({position, caller, progress, std::move(answer), nullptr});
    }
    if (then) pending_.push_back({position, nullptr, false, {}, std::move(then)});
  }
  empty(answers);
}

void Releases::committed(journal::Position position) {
  const std::lock_guard lock(mutex_);
  committed_ = position;
}

void Releases::refuse(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  if (refusal_.ok()) refusal_ = status;
}

bool Releases::take_ready() {
  const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(taken_);
  auto end = std::find_if(begin, pending_.end(), [this](const Release& each) { return each.position > committed_; });
  verdict_ = absl::OkStatus();
  if (begin == end && !refusal_.ok()) {
    end = pending_.end();
    verdict_ = refusal_;
  }
  if (begin == end) return false;
  if (taken_ == 0 && end == pending_.end()) {
    pending_.swap(batch_);
    return true;
  }
  batch_.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  taken_ = static_cast<std::size_t>(end - pending_.begin());
  if (taken_ * 2 >= pending_.size()) {
    pending_.erase(pending_.begin(), end);
    taken_ = 0;
  }
  return true;
}

void Releases::give(Release& release, const absl::Status& verdict) {
  if (release.caller == nullptr) {
    release.then(verdict);
  } else if (verdict.ok()) {
    release.caller->answer(std::move(release.answer));
  } else if (!release.progress) {
    release.caller->answer(refused(release.answer, verdict));
  }
}

void Releases::deliver() {
  std::unique_lock lock(mutex_);
  if (delivering_) return;
  delivering_ = true;
  while (take_ready()) {
    lock.unlock();
    for (Release& release : batch_) give(release, verdict_);
    lock.lock();
    empty(batch_);
  }
  delivering_ = false;
}

std::optional<engine::Answer> Releases::last_answer_for(const engine::Caller& caller, const absl::Status& status) const {
  const std::lock_guard lock(mutex_);
  const auto matches = [&caller](const Release& each) { return each.progress && each.caller == &caller; };
  const auto pending = std::find_if(pending_.begin() + static_cast<std::ptrdiff_t>(taken_), pending_.end(), matches);
  if (pending != pending_.end()) return refused(pending->answer, status);
  const auto leaving = std::ranges::find_if(batch_, matches);
  if (leaving != batch_.end()) return refused(leaving->answer, status);
  return std::nullopt;
}

}  // namespace sluice::runtime
