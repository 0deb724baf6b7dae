// The items that one child was given.
//
//   given --> staged --> begun --> (answered)
//
// Given: chosen for this child, and can still go to another. Staged: among the bytes that are being written. Begun: its first
// byte has gone to the child, so the child may have worked on it; only such an item loses its attempt with the child.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "server/base/clock.h"
#include "server/handlers/coprocess/job.h"

namespace sluice::handlers {

// Not thread-safe: guarded by the lock of its crew.
class Hand {
 public:
  // At most `in_flight` items at a time, and `max_items` in all; 0: without limit.
  Hand(std::size_t in_flight, std::size_t max_items, std::optional<base::Duration> timeout);

  // Whether it can be given an item more. Never the same one twice, by which answers would be mistaken: one that was given up,
  // and may come again, has closed its hand.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t size() const { return unbegun_.size() + begun_.size(); }
  // False: it gets no more, because it has had all it may, or was closed.
  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] bool has_begun() const { return !begun_.empty(); }
  // Answers that it has given.
  [[nodiscard]] std::uint64_t answered() const { return answered_; }

  void give(JobPtr job);
  // The next items to be written, of some `bytes` together, at least one if there is one. All that were staged before must have
  // begun.
  [[nodiscard]] std::vector<JobPtr> stage(std::size_t bytes);
  // The first `count` of those that are staged begin now.
  void begin(std::size_t count, Job::Clock::time_point now);
  // The item that an answer is for, taken out; without id it is the first that began. Null if there is none.
  [[nodiscard]] JobPtr take(std::optional<model::ItemId> item);
  // As take(), and it stays.
  [[nodiscard]] JobPtr find(std::optional<model::ItemId> item) const;
  // One that was given and is not staged, taken back. False if it is none of these.
  bool take_back(const Job& job);

  // It gets no more. What was given and is not staged comes back.
  [[nodiscard]] std::vector<JobPtr> close();
  // As close(), of a child that reads no more. If it has worked on nothing so far, the first one stays, for its end to judge.
  [[nodiscard]] std::vector<JobPtr> close_unread();
  // All that is left, when the child has ended: the begun ones, and the others.
  [[nodiscard]] std::vector<JobPtr> take_begun();
  [[nodiscard]] std::vector<JobPtr> take_unbegun();

  // When the first of the begun runs out of time; none: nothing does.
  [[nodiscard]] std::optional<Job::Clock::time_point> deadline() const;
  // Marks those that have.
  void mark_late(Job::Clock::time_point now);
  // Whether nobody waits for any of the begun.
  [[nodiscard]] bool is_given_up() const;

 private:
  const std::size_t in_flight_;
  const std::size_t max_items_;
  const std::optional<base::Duration> timeout_;
  std::deque<JobPtr> unbegun_;  // the staged ones first
  std::deque<JobPtr> begun_;    // in the order in which they began, and so of their deadlines
  std::size_t given_ = 0;
  std::uint64_t answered_ = 0;
  bool open_ = true;
};

}  // namespace sluice::handlers
