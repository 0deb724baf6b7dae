// A submitted piece of work and its outcome, whatever queues it passes and however many items it becomes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/model/item.h"

namespace sluice::model {

// kRunning until the last of its items has ended. Then kSucceeded if all of them did, else how the first of those ended that
// did not.
enum class JobState : std::uint8_t {
  kRunning,
  kSucceeded,
  kFailed,     // attempts used up, or not to be retried
  kDiscarded,  // by a purge, an immediate close or a delete
  kLost,       // with a queue of MEMORY durability, when the server ended
  kCancelled,
  kExpired,  // its time to live was over
};

// Key: id.
struct JobRecord {
  JobId id{};
  JobState state = JobState::kRunning;
  BatchId batch{};    // 0: of none
  std::string queue;  // that it was submitted to
  base::Duration keep{0};
  base::Time submit_time{};
  base::Time end_time{};  // of an ended one
  // What its items ended with, in the order in which they did; of an item that ended without a result, nothing.
  std::vector<BodyPtr> results;
  std::uint32_t results_left_out = 0;  // beyond limits::kMaxJobResultBytes
  // Of the items so far: kSucceeded, or how the first of those ended that did not succeed, why, and which it was.
  JobState verdict = JobState::kSucceeded;
  std::shared_ptr<const Failure> failure;
  ItemId failed_item{};
};

struct JobErased {
  JobId id{};
};

// kOpen: may get more jobs. kSealed: will not. kDone: every job has ended. kAbandoned: the same, of one that nobody sealed and
// nobody added to within its patience; its callback was not put.
enum class BatchState : std::uint8_t { kOpen, kSealed, kDone, kAbandoned };

// Key: id.
struct BatchRecord {
  BatchId id{};
  BatchState state = BatchState::kOpen;
  // Nobody sealed it in time.
  bool abandoned = false;
  std::uint32_t jobs = 0;
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;  // ended in any other way
  base::Duration keep{0};
  base::Duration patience{0};
  base::Time create_time{};
  base::Time add_time{};  // when it got its last jobs
  base::Time end_time{};  // of an ended one
  // What is put where when every job has ended; no queue: nothing.
  std::string callback_queue;
  BodyPtr callback;
  // Why it could not be put; empty if it was, or was not to be.
  std::string callback_error;
};

struct BatchErased {
  BatchId id{};
};

}  // namespace sluice::model
