// Why an attempt at an item failed. It travels with the item, also into the dead-letter queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"

namespace sluice::model {

// Reasons that sluiced itself gives. docs/errors.md lists them; consumers may give their own.
namespace failure_reason {
inline constexpr std::string_view kFailed = "FAILED";                     // a consumer that gave no reason
inline constexpr std::string_view kExitCode = "EXIT_CODE";                // a child exited with another code than 0
inline constexpr std::string_view kSignaled = "SIGNALED";                 // a signal ended a child
inline constexpr std::string_view kTimedOut = "TIMED_OUT";                // the handler's time-out was over
inline constexpr std::string_view kOutputTooLarge = "OUTPUT_TOO_LARGE";   // more output than its cap
inline constexpr std::string_view kSpawnFailed = "SPAWN_FAILED";          // the program could not be started
inline constexpr std::string_view kBadArgument = "BAD_ARGUMENT";          // the payload cannot stand in an argument
inline constexpr std::string_view kBadPayload = "BAD_PAYLOAD";            // no line, and the coprocess takes lines
inline constexpr std::string_view kBadFrame = "BAD_FRAME";                // a coprocess gave what is no answer
inline constexpr std::string_view kChildEnded = "CHILD_ENDED";            // a coprocess ended, not by this item's fault
inline constexpr std::string_view kHandlerThrew = "HANDLER_THREW";        // a native handler threw an exception
inline constexpr std::string_view kHandlerMissing = "HANDLER_MISSING";    // the configuration no longer has the handler
inline constexpr std::string_view kOutputRefused = "OUTPUT_REFUSED";      // the next queue is closed or gone
inline constexpr std::string_view kLeaseExpired = "LEASE_EXPIRED";        // the consumer did not end or extend it in time
inline constexpr std::string_view kConsumerLost = "CONSUMER_LOST";        // the stream by which it was held broke
inline constexpr std::string_view kServerRestarted = "SERVER_RESTARTED";  // the server died while it was held
// Of a job, one of whose items was:
inline constexpr std::string_view kCancelled = "CANCELLED";  // taken back by somebody
inline constexpr std::string_view kExpired = "EXPIRED";      // not done in its time to live
inline constexpr std::string_view kDiscarded = "DISCARDED";  // purged, or gone with its queue
inline constexpr std::string_view kLost = "LOST";            // in a queue of MEMORY durability, when the server ended
}  // namespace failure_reason

struct Failure {
  std::string reason{failure_reason::kFailed};
  std::string message;
  std::string stderr_tail;
  std::optional<std::int32_t> exit_code;
  std::optional<std::int32_t> signal;
  // Set by the engine.
  std::string queue;
  std::string stage;
  std::uint32_t attempt = 0;
  base::Time time{};

  bool operator==(const Failure&) const = default;
};

}  // namespace sluice::model
