// The commands that may wait for their answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/limits.h"
#include "server/model/ids.h"
#include "server/model/item.h"

namespace sluice::engine {

class LeaseWatch;

// What makes a put a submission: each item is a job then, whose id is the item's.
struct Submission {
  std::string pipeline;                           // instead of the put's queue: the first queue of this pipeline
  base::Duration keep = limits::kDefaultJobKeep;  // from the end of a job, or of the batch, to its being forgotten
  // The jobs begin a batch, whose id is that of the first; or they belong to one that is there; or neither.
  bool begins_batch = false;
  model::BatchId batch{};
  bool seals_batch = false;  // they are its last
  // Of a batch that begins:
  base::Duration patience = limits::kDefaultBatchPatience;  // how long it stays open while nobody adds to it
  std::string callback_queue;                               // empty: no callback
  model::BodyPtr callback;
};

struct PutCommand {
  std::string queue;
  std::vector<model::NewItem> items;  // not empty, but to claim a producer
  base::Time give_up = base::kNever;  // QUEUE_FULL then; `now` or earlier = do not wait
  std::string request_id;             // empty: not remembered
  // Each item on its own, in their order, as there is room: answered part by part, and never BATCH_TOO_LARGE. An error ends
  // it: what was answered before stays put, the rest is not. Without a request_id.
  bool one_by_one = false;
  // One by one: whose items they are, and how many of the producer's come before them. Those that are in the queue already are
  // passed over, and answered without ids; INVALID_VALUE where some before them are missing. Empty: it has no name.
  std::string producer;
  std::uint64_t position = 0;
  std::shared_ptr<const Submission> submission;  // null: the items are no jobs. Not one by one.
};

struct GetCommand {
  std::string queue;
  std::uint32_t max_items = 1;
  std::size_t max_bytes = limits::kMaxGetBytes;  // besides the first item
  base::Time give_up = base::kNever;             // an answer without items then; `now` or earlier = do not wait
  std::optional<base::Duration> lease_duration;  // absent: the queue's; Duration::max() = never runs out
  std::string consumer;
  std::string stage;     // set by stage workers; recorded with failures
  std::string pipeline;  // that of the stage, if the worker is one of the server's
  // Set for an attached worker: of its stage's input. Nothing while the stage is paused; the end is that of the stage.
  model::WorkerId worker{};
  LeaseWatch* watch = nullptr;  // is told of leases that are taken away; null: nobody
};

struct OutputItem {
  std::string queue;
  model::NewItem item;
};

struct CompleteCommand {
  std::string queue;
  model::LeaseId lease{};
  std::vector<OutputItem> outputs;
  std::vector<model::BodyPtr> results;  // for the job of the item; dropped where there is none
  base::Time give_up = base::kNever;    // QUEUE_FULL then
  std::string request_id;
};

// Where a walk through the waiting items of a queue stands: behind this one.
struct RedriveCursor {
  std::int64_t priority = 0;
  std::int64_t rank = 0;

  bool operator==(const RedriveCursor&) const = default;
};

// Never waits.
struct FailCommand {
  std::string queue;
  model::LeaseId lease{};
  model::Failure failure;
  bool do_not_retry = false;
  std::optional<base::Duration> retry_delay;  // instead of the policy's backoff
  std::string request_id;
};

// Dead letters to go back. Never waits.
struct RedriveCommand {
  std::string queue;                         // that they lie in
  std::optional<std::string> to;             // absent: each to the queue that it comes from
  std::optional<std::string> reason;         // only those whose failure has it
  std::vector<model::ItemId> items;          // only these; empty: all
  std::optional<RedriveCursor> after;        // goes on from there
  std::size_t limit = limits::kMaxRedriven;  // looks at so many at most
};

// What became of an item that was to be cancelled.
enum class CancelOutcome : std::uint8_t {
  kCancelled,  // it waited or was delayed
  kRevoked,    // a consumer held it
  kGone,       // it is not in the queue any more: it has ended, or went to another
  kUnknown,    // no item ever had the id
};

// What became of dead letters that were to go back.
struct RedriveResult {
  std::uint32_t redriven = 0;
  // Left where they are, because
  std::uint32_t full = 0;       // there is no room where they would go to
  std::uint32_t closed = 0;     // no more is taken there
  std::uint32_t homeless = 0;   // that queue is not there, or nobody knows which it was
  std::uint32_t duplicate = 0;  // their unique key is in use there
  std::uint32_t missing = 0;    // of those asked for by their ids: no waiting items of the queue
  // Where to go on; absent when everything has been looked at.
  std::optional<RedriveCursor> next;
};

struct JoinCommand {
  std::string name;  // of the queue or pipeline
  base::Duration progress_interval = limits::kDefaultProgressInterval;
  std::optional<std::uint64_t> since_idle_count;
};

// Jobs, or all of a batch, or both.
struct AwaitCommand {
  std::vector<model::JobId> jobs;
  model::BatchId batch{};
  bool in_order = false;  // told in the order given, those of the batch in that of their submission; otherwise as they end
  base::Duration progress_interval{0};  // told of the progress of those that run, at most so often; 0: not at all
};

}  // namespace sluice::engine
