// What goes wrong, as exceptions. Every one is a sluice::Error, which says what happened (what(), for people), which kind it is
// (code()) and what exactly (reason(), a stable name out of docs/errors.md). Catch the subclass that you can do something
// about.
#pragma once

#include <map>
#include <stdexcept>
#include <string>

namespace sluice {

// The canonical codes of gRPC, with their numbers.
enum class Code {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

class Error : public std::runtime_error {
 public:
  Error(Code code, std::string reason, const std::string& message, std::map<std::string, std::string> metadata = {});

  [[nodiscard]] Code code() const { return code_; }
  // "QUEUE_FULL" and the like. What did not come from the server has a name too: CANCELLED, DEADLINE_EXCEEDED, UNREACHABLE.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  // What the error is about, as far as the server tells: "queue", "stage", "field", "limit" and the like.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  Code code_;
  std::string reason_;
  std::map<std::string, std::string> metadata_;
};

// A put's max_wait is over and the queue is still full; nothing was put. QUEUE_FULL.
struct QueueFull : Error {
  using Error::Error;
};

// The queue takes no more items, for good; nothing was put. QUEUE_CLOSED.
struct QueueClosed : Error {
  using Error::Error;
};

// The item is not ours any more: its lease ran out, or it was ended already. LEASE_LOST.
struct LeaseLost : Error {
  using Error::Error;
};

// No such queue, pipeline, stage or handler. QUEUE_NOT_FOUND, PIPELINE_NOT_FOUND, STAGE_NOT_FOUND, HANDLER_NOT_FOUND.
struct NotFound : Error {
  using Error::Error;
};

// QUEUE_EXISTS, PIPELINE_EXISTS.
struct AlreadyExists : Error {
  using Error::Error;
};

// The server does not accept what was given: INVALID_NAME, INVALID_VALUE, PAYLOAD_TOO_LARGE, BATCH_TOO_LARGE ...
struct InvalidArgument : Error {
  using Error::Error;
};

// The server cannot be reached (UNREACHABLE) or is going down (SHUTTING_DOWN), and stayed so for as long as the client tries.
struct Unavailable : Error {
  using Error::Error;
};

// The time that the caller gave is over (DEADLINE_EXCEEDED).
struct DeadlineExceeded : Error {
  using Error::Error;
};

// The caller's stop_token was triggered (CANCELLED).
struct Cancelled : Error {
  using Error::Error;
};

}  // namespace sluice
