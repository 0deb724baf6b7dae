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

// The last of the items that a put brought or a get took.
std::optional<Recorder::Sighting> last_item_of(const Operation& operation) {
  Recorder::Sighting sighting{.queue = operation.queue};
  if (operation.kind == Kind::kPut) {
    for (const Piece& piece : operation.pieces) {
      if (piece.item != 0 && piece.item == operation.pieces.back().item) {
        sighting.deliveries.push_back({.value = piece.value, .item = piece.item});
      }
    }
  } else if (operation.kind == Kind::kGet) {
    for (const Delivery& each : operation.deliveries) {
      if (each.item == operation.deliveries.back().item)
        sighting.deliveries.push_back({.value = each.value, .item = each.item});
    }
  }
  if (sighting.deliveries.empty()) return {};
  return sighting;
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

void Recorder::identify(Id id, const std::vector<std::uint64_t>& items, std::uint64_t batch) {
  const std::lock_guard lock(mutex_);
  Operation& operation = history_[id];
  for (std::size_t i = 0; i < items.size(); ++i) operation.pieces.at(i).item = items[i];
  operation.batch = batch;
  if (!operation.submitted) return;
  if (batch != 0) batches_.push_back(batch);
  for (const std::uint64_t item : items) {
    if (jobs_.empty() || jobs_.back() != item) jobs_.push_back(item);
  }
}

void Recorder::add_found(Id id, Found found) {
  const std::lock_guard lock(mutex_);
  history_[id].found = found;
}

void Recorder::add_audit(Id id, std::vector<JobTold> jobs, std::vector<BatchTold> batches, std::vector<Counted> counted) {
  const std::lock_guard lock(mutex_);
  history_[id].jobs = std::move(jobs);
  history_[id].batches = std::move(batches);
  history_[id].counted = std::move(counted);
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

std::vector<std::uint64_t> Recorder::jobs() const {
  const std::lock_guard lock(mutex_);
  return jobs_;
}

std::vector<std::uint64_t> Recorder::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

std::optional<Recorder::Sighting> Recorder::sighting(std::size_t back) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = history_.size(); i-- > 0;) {
    if (back > 0) {
      --back;
    } else if (auto sighting = last_item_of(history_[i])) {
      return sighting;
    }
  }
  return {};
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
