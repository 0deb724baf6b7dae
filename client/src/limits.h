// The bounds that this side keeps. Those of the server are named in the protos; where both know a number it is the same.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "sluice/types.h"

namespace sluice::internal {

inline constexpr std::size_t kMaxBatch = 10'000;  // items, completions, tokens in one call
// What a call of put_all carries at most, well below the 32 MiB that the server takes, so that a part is soon through.
inline constexpr std::size_t kMaxPartBytes = 16UL << 20;
inline constexpr int kMaxResponseBytes = 64 << 20;
inline constexpr std::uint32_t kPageSize = 1'000;

inline constexpr Duration kMaxWait = std::chrono::hours(24 * 366);  // the longest max_wait that the server takes
// A call that waits for as long as it takes is given to the server for so long, then asked again.
inline constexpr Duration kForever = std::chrono::hours(24 * 30);
// A dead server is noticed after the sum of the two.
inline constexpr std::chrono::milliseconds kKeepaliveTime = std::chrono::seconds(60);
inline constexpr std::chrono::milliseconds kKeepaliveTimeout = std::chrono::seconds(20);
// One try to connect takes as long as ClientOptions::connect_timeout, within these.
inline constexpr Duration kMinConnectTime = std::chrono::seconds(1);
inline constexpr Duration kMaxConnectTime = std::chrono::seconds(20);
// The pauses between attempts to reach a server double from the first to the last.
inline constexpr Duration kFirstRetryPause = std::chrono::milliseconds(50);
inline constexpr Duration kLastRetryPause = std::chrono::seconds(1);
// How soon a stop is noticed in such a pause.
inline constexpr Duration kStopLook = std::chrono::milliseconds(50);
// An attempt that lasted so long had reached the server: when it breaks, the patience with reconnecting begins anew.
inline constexpr Duration kWasReached = std::chrono::seconds(2);
// How long a lease of unknown length is left alone before the queue is asked for its length.
inline constexpr Duration kFirstLeaseLook = std::chrono::seconds(1);
// How long it may take to learn what became of a put that was stopped.
inline constexpr Duration kSettleTime = std::chrono::seconds(2);
// How long the length of a queue's leases is believed before it is asked for again.
inline constexpr Duration kLeaseLookAge = std::chrono::seconds(30);
// Between two rounds of reports of progress, how long one may take, and how much of a message is sent.
inline constexpr Duration kProgressPause = std::chrono::milliseconds(100);
inline constexpr Duration kMaxReportTime = std::chrono::seconds(5);
inline constexpr std::size_t kMaxProgressMessageBytes = 256;
// How long an extension of leases may take before the next try.
inline constexpr Duration kMaxExtendTime = std::chrono::seconds(5);

}  // namespace sluice::internal
