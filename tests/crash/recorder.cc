#include "tests/crash/recorder.h"

#include <utility>

namespace sluice::crash {
namespace {

Micros now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool counts(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kPut:
    case Kind::kComplete:
    case Kind::kFail:
    case Kind::kRelease:
      return true;
    case Kind::kGet:
      return !operation.deliveries.empty();
    default:
      return false;
  }
}

}  // namespace

Recorder::Id Recorder::begin(Operation operation) {
  const std::lock_guard lock(mutex_);
  operation.begin = ++position_;
  operation.began = now();
  history_.push_back(std::move(operation));
  return history_.size() - 1;
}

void Recorder::end_locked(Id id, Outcome outcome) {
  Operation& operation = history_[id];
  operation.outcome = outcome;
  operation.end = ++position_;
  operation.ended = now();
  if (outcome != Outcome::kOk || !counts(operation)) return;
  ++acknowledged_;
  changed_.notify_all();
}

void Recorder::end(Id id, Outcome outcome, const std::string& error) {
  const std::lock_guard lock(mutex_);
  history_[id].error = error;
  end_locked(id, outcome);
}

void Recorder::end_get(Id id, std::vector<Delivery> deliveries) {
  const std::lock_guard lock(mutex_);
  history_[id].deliveries = std::move(deliveries);
  end_locked(id, Outcome::kOk);
}

void Recorder::end_look(Id id, std::uint64_t depth, std::uint64_t unfinished) {
  const std::lock_guard lock(mutex_);
  history_[id].depth = depth;
  history_[id].unfinished = unfinished;
  end_locked(id, Outcome::kOk);
}

void Recorder::note(Operation operation) { end(begin(std::move(operation)), Outcome::kOk); }

Recorder::Moment Recorder::moment() {
  const std::lock_guard lock(mutex_);
  return {.position = ++position_, .time = now()};
}

void Recorder::note_since(const Moment& moment, Operation operation) {
  const std::lock_guard lock(mutex_);
  operation.begin = moment.position;
  operation.began = moment.time;
  history_.push_back(std::move(operation));
  end_locked(history_.size() - 1, Outcome::kOk);
}

void Recorder::end_owed(Id id) {
  const std::lock_guard lock(mutex_);
  history_[id].owed = true;
  end_locked(id, Outcome::kUnknown);
}

History Recorder::history() const {
  const std::lock_guard lock(mutex_);
  return history_;
}

std::uint64_t Recorder::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

void Recorder::start_life() {
  const std::lock_guard lock(mutex_);
  ++life_;
  changed_.notify_all();
}

std::uint64_t Recorder::life() const {
  const std::lock_guard lock(mutex_);
  return life_;
}

void Recorder::stop_producing() {
  const std::lock_guard lock(mutex_);
  producing_ = false;
  changed_.notify_all();
}

bool Recorder::producing() const {
  const std::lock_guard lock(mutex_);
  return producing_;
}

void Recorder::finish() {
  const std::lock_guard lock(mutex_);
  producing_ = false;
  finished_ = true;
  changed_.notify_all();
}

bool Recorder::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

void Recorder::wait_for_acknowledged(std::uint64_t count, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return acknowledged_ >= count || finished_; });
}

void Recorder::wait_for_life_after(std::uint64_t life, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return life_ > life || finished_; });
}

void Recorder::pause(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  const bool before = producing_;
  changed_.wait_for(lock, patience, [&] { return producing_ != before || finished_; });
}

}  // namespace sluice::crash
