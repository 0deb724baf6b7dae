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
      add_one({position, caller, progress, std::move(answer), nullptr});
    }
    if (then) add_one({position, nullptr, false, {}, std::move(then)});
  }
  empty(answers);
}

void Releases::add_one(Release&& release) {
  const bool ready = release.position <= committed_ && !is_behind_another(release);
  if (!ready && release.progress) ++pending_progress_;
  (ready ? ready_ : pending_).push_back(std::move(release));
}

bool Releases::is_behind_another(const Release& release) const {
  if (pending_progress_ == 0 || release.caller == nullptr) return false;
  return std::any_of(pending_.begin() + static_cast<std::ptrdiff_t>(taken_), pending_.end(),
                     [&release](const Release& each) { return each.caller == release.caller; });
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
  verdict_ = absl::OkStatus();
  if (!ready_.empty()) {
    ready_.swap(batch_);
    return true;
  }
  const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(taken_);
  auto end = std::find_if(begin, pending_.end(), [this](const Release& each) { return each.position > committed_; });
  if (begin == end && !refusal_.ok()) {
    end = pending_.end();
    verdict_ = refusal_;
  }
  if (begin == end) return false;
  take_pending_up_to(end);
  return true;
}

void Releases::take_pending_up_to(std::vector<Release>::iterator end) {
  const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(taken_);
  if (taken_ == 0 && end == pending_.end()) {
    pending_.swap(batch_);
  } else {
    batch_.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
    taken_ = static_cast<std::size_t>(end - pending_.begin());
    if (taken_ * 2 >= pending_.size()) {
      pending_.erase(pending_.begin(), end);
      taken_ = 0;
    }
  }
  pending_progress_ -= static_cast<std::size_t>(std::ranges::count_if(batch_, &Release::progress));
}

void Releases::give(Release& release, const absl::Status& verdict) const {
  if (release.caller == nullptr) {
    release.then(verdict);
  } else if (verdict.ok() && give_) {
    give_(*release.caller, std::move(release.answer));
  } else if (verdict.ok()) {
    release.caller->answer(std::move(release.answer));
  } else if (!release.progress) {
    release.caller->answer(refused(release.answer, verdict));
  }
}

bool Releases::deliver(int rounds) {
  std::unique_lock lock(mutex_);
  if (delivering_) return true;
  delivering_ = true;
  bool over = false;
  for (; rounds > 0; --rounds) {
    over = !take_ready();
    if (over) break;
    lock.unlock();
    for (Release& release : batch_) give(release, verdict_);
    lock.lock();
    empty(batch_);
  }
  delivering_ = false;
  return over;
}

std::optional<engine::Answer> Releases::last_answer_for(const engine::Caller& caller, const absl::Status& status) const {
  const std::lock_guard lock(mutex_);
  const auto matches = [&caller](const Release& each) { return each.progress && each.caller == &caller; };
  for (const auto* line : {&ready_, &pending_, &batch_}) {
    const auto skipped = line == &pending_ ? static_cast<std::ptrdiff_t>(taken_) : 0;
    const auto found = std::find_if(line->begin() + skipped, line->end(), matches);
    if (found != line->end()) return refused(found->answer, status);
  }
  return std::nullopt;
}

}  // namespace sluice::runtime
