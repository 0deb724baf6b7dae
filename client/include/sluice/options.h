// How long calls wait, and how to stop them.
//
// Waiting: `max_wait` absent waits for as long as it takes, 0 does not wait at all. While a call waits, a dead server is
// noticed by keepalive pings within 80 s. Whatever waits can be stopped from another thread through its stop_token.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "sluice/error.h"
#include "sluice/types.h"

namespace sluice {

struct ClientOptions {
  // How long a call tries to reach a server that this client has not reached yet. 0: one attempt.
  Duration connect_timeout = std::chrono::seconds(5);
  // How long a call goes on trying when a server that was there cannot be reached any more. 0: not at all.
  Duration reconnect_timeout = std::chrono::seconds(60);
  // How long a call may take besides the waiting that it asks for.
  Duration call_timeout = std::chrono::seconds(30);
  // Who asks, shown for the items that it holds. At most 128 bytes. Default: "<program>@<host>:<pid>".
  std::string consumer = {};
};

struct PutOptions {
  // For room. When it is over: QueueFull, and nothing was put.
  std::optional<Duration> max_wait = {};
  // Ends the wait with Cancelled: nothing was put then. Only if the server does not answer any more, it is not known:
  // metadata()["outcome"] is "unknown".
  std::stop_token stop = {};
};

struct PutAllOptions {
  // For room, for each part by itself.
  std::optional<Duration> max_wait = {};
  std::stop_token stop = {};
  // Called after each part with the number of items acknowledged so far: also what is known when an exception ends it.
  std::function<void(std::size_t acknowledged)> progress = {};
};

struct GetOptions {
  // For an item. When it is over there is none.
  std::optional<Duration> max_wait = {};
  // Instead of the queue's lease_duration.
  std::optional<Duration> lease_duration = {};
  // Extends the lease in the background for as long as the Item lives and has not been ended.
  bool keep_leased = true;
  // Ends the wait with Cancelled.
  std::stop_token stop = {};
};

struct DoneOptions {
  // For room in the queues that outputs go to. When it is over: QueueFull, nothing has changed, and the item is still held.
  std::optional<Duration> max_wait = {};
  std::stop_token stop = {};
};

struct FailOptions {
  // True: dead-letter now, whatever attempts are left.
  bool do_not_retry = false;
  // Instead of the policy's backoff. 0 to 24 h.
  std::optional<Duration> retry_delay = {};
};

// How a loop over a queue takes its items.
struct ConsumeOptions {
  // Absent: an item is held for as long as the connection lives. Otherwise by a lease of this length, which is extended in the
  // background: it outlasts a broken connection, and a program that hangs loses its items after that time.
  std::optional<Duration> lease_duration = {};
  // Items taken at once; those not reached yet wait, and go back untouched when the loop ends. 1 to 10,000.
  std::uint32_t prefetch = 1;
  // Ends the loop, as the end of the queue does, when it asks for the next item.
  std::stop_token stop = {};
  // Told when an item could not be ended as done or failed: its lease was lost, or, where the loop is left early, any error.
  // The loop goes on after a lost lease, since somebody else has the item then. Must not throw.
  std::function<void(const Error&)> on_lost = {};
};

template <class Info>
struct JoinOptions {
  // When it is over: DeadlineExceeded.
  std::optional<Duration> max_wait = {};
  // Called with what stands whenever something changed, at most once in progress_interval (10 ms to 1 h), and at the end.
  std::function<void(const Info&)> progress = {};
  Duration progress_interval = std::chrono::seconds(1);
  // Ends the wait with Cancelled.
  std::stop_token stop = {};
};

struct RedriveOptions {
  std::string to = {};             // all to this queue; empty: each to the one that it comes from
  std::string reason = {};         // only those whose failure has it; empty: all
  std::vector<ItemId> items = {};  // only these; empty: all
};

struct PeekOptions {
  std::uint32_t max_items = 10;
  std::uint32_t max_payload_bytes = 1024;  // of each, at most 1 MiB
  std::optional<ItemState> state = {};     // only these
};

}  // namespace sluice
