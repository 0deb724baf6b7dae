// Writes the history of a run while its clients make it, and tells those who wait how it goes. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/crash/checker/history.h"

namespace sluice::crash {

class Recorder {
 public:
  using Id = std::size_t;

  // To be called before the call is made, and after it has returned.
  Id begin(Operation operation);
  void end(Id id, Outcome outcome, const std::string& error = {});
  void end_get(Id id, std::vector<Delivery> deliveries);
  void end_look(Id id, std::uint64_t depth, std::uint64_t unfinished);
  // What the answer of an operation says that is about to end: the item of each piece, the batch that they are.
  void identify(Id id, const std::vector<std::uint64_t>& items, std::uint64_t batch = 0);
  void add_found(Id id, Found found);
  void add_audit(Id id, std::vector<JobTold> jobs, std::vector<BatchTold> batches, std::vector<Counted> counted);
  // Begun and ended at once.
  void note(Operation operation);

  // Begun at a moment in the past, and ended now: what a stream brings may have happened at any time since the stream began.
  struct Moment {
    Position position = 0;
    Micros time = 0;
  };
  [[nodiscard]] Moment moment();
  void note_since(const Moment& moment, Operation operation);
  // Ends with kUnknown an operation of a stream that ended in order, and so owed an answer.
  void end_owed(Id id);

  [[nodiscard]] History history() const;
  // Of the submissions that were acknowledged, in this order.
  [[nodiscard]] std::vector<std::uint64_t> jobs() const;
  [[nodiscard]] std::vector<std::uint64_t> batches() const;
  // An item of which its queue and id are known: of the operation that is the `back`-th from the end, or of one before it. None
  // when there is none yet.
  struct Sighting {
    std::string queue;
    std::vector<Delivery> deliveries;  // without a token
  };
  [[nodiscard]] std::optional<Sighting> sighting(std::size_t back) const;
  // Puts, gets that brought something, completes, fails and releases with the outcome kOk.
  [[nodiscard]] std::uint64_t acknowledged() const;

  // The server is there again, after a crash.
  void start_life();
  [[nodiscard]] std::uint64_t life() const;

  // The phases of a run: its clients bring work, then the queues are drained, then it is over.
  void stop_producing();
  [[nodiscard]] bool producing() const;
  void finish();

  // All of these return at once when the run is over, and at the latest when `patience` is.
  void wait_for_acknowledged(std::uint64_t count, std::chrono::milliseconds patience) const;
  void wait_for_life_after(std::uint64_t life, std::chrono::milliseconds patience) const;
  // Until producing stops, or just for so long.
  void pause(std::chrono::milliseconds patience) const;
  [[nodiscard]] bool finished() const;

 private:
  void end_locked(Id id, Outcome outcome);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  History history_;
  std::vector<std::uint64_t> jobs_;
  std::vector<std::uint64_t> batches_;
  Position position_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t life_ = 0;
  bool producing_ = true;
  bool finished_ = false;
};

}  // namespace sluice::crash
