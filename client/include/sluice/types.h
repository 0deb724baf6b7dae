// The plain data that goes in and comes out: settings, items, and what queues and pipelines say of themselves.
//
// Everything is a struct for designated initialisers: {.capacity = 10, .order = QueueOrder::kPriority}. A field that is absent
// has the server's default at creation and keeps its value at an update.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

// Any std::chrono literal down to microseconds converts by itself: 2s, 150ms.
using Duration = std::chrono::microseconds;
using Time = std::chrono::system_clock::time_point;
using ItemId = std::uint64_t;
using LeaseToken = std::uint64_t;
using Attributes = std::map<std::string, std::string>;

enum class QueueOrder {
  kFifo,      // in order of arrival
  kLifo,      // the newest first
  kPriority,  // the smallest priority first, equal ones in order of arrival
};

enum class Durability {
  kSync,    // what was acknowledged survives a crash of the server and its machine
  kMemory,  // answers at once; items and counts are lost when the server ends, the queue itself comes back empty
};

// The n-th retry waits min(max_backoff, initial_backoff * multiplier^(n-1)), less a random part of up to `jitter` of it.
struct RetryPolicy {
  std::optional<std::uint32_t> max_attempts = {};  // 0 to 1,000,000, the first time included; 0 = without limit. Default 5
  std::optional<Duration> initial_backoff = {};    // 0 to 24 h. Default 1 s
  std::optional<Duration> max_backoff = {};        // initial_backoff to 24 h. Default 5 min
  std::optional<double> multiplier = {};           // 1 to 100. Default 2
  std::optional<double> jitter = {};               // 0 to 1. Default 0.2
  // Attempts that may be lost with their consumer, counted apart from max_attempts; the last one ends the item. 0 (default):
  // they count in max_attempts.
  std::optional<std::uint32_t> max_lost_attempts = {};
  // A failure with one of these exit codes, 0 to 255, is not tried again. Default none.
  std::optional<std::vector<std::int32_t>> final_exit_codes = {};
};

struct QueueSettings {
  std::optional<std::uint32_t> capacity = {};   // 0 to 100,000,000; 0 = unbounded. Default 1,000
  std::optional<QueueOrder> order = {};         // fixed at creation. Default kFifo
  std::optional<Duration> lease_duration = {};  // 1 ms to 24 h. Default 60 s
  RetryPolicy retry = {};
  // Takes items whose attempts are used up. Default: the queue's name with ".dead" appended. "-": none, they are dropped.
  std::optional<std::string> dead_letter_queue = {};
  // Can be changed only while nothing is unfinished. Default kSync.
  std::optional<Durability> durability = {};
  // How long an item that says nothing itself may wait and be delayed; then it ends as expired. 0 = for ever. 0, or 1 ms to 366
  // days. Default 0.
  std::optional<Duration> time_to_live = {};
  // Expired items go to the dead-letter queue, with the reason EXPIRED. Default false: they are dropped and only counted.
  std::optional<bool> dead_letter_expired = {};
  // How long the dedup_key of an item that says nothing itself keeps out others. 1 ms to 7 days. Default 10 min.
  std::optional<Duration> dedup_window = {};
};

struct QueueSpec {
  // 1 to 200 of A-Z a-z 0-9 . _ - : /, the first a letter or digit.
  std::string name = {};
  QueueSettings settings = {};
};

// An item to put.
struct NewItem {
  std::string payload = {};            // any bytes, at most 4 MiB
  Attributes attributes = {};          // at most 64, keys at most 128 bytes, together at most 64 KiB, UTF-8
  std::int64_t priority = 0;           // matters in a kPriority queue: smaller is sooner
  std::optional<Duration> delay = {};  // not handed out before. 0 to 366 days
  // Not handed out before this moment, by the server's clock.
  std::optional<Time> not_before = {};
  // How long it may wait and be delayed; then it ends as expired. 1 ms to 366 days. Absent: the queue's.
  std::optional<Duration> time_to_live = {};
  // Within the window from its put on, a put with the same key puts nothing and gives this item's id. At most 128 bytes.
  std::string dedup_key = {};
  std::optional<Duration> dedup_window = {};  // 1 ms to 7 days. Absent: the queue's
  // While it is unfinished, a put with the same key puts nothing and gives this item's id. At most 128 bytes.
  std::string unique_key = {};
  // Items of one key are handed out one at a time, in order. At most 128 bytes.
  std::string order_key = {};
};

// An item to hand on when another one is done.
struct Output {
  std::string queue = {};
  NewItem item = {};
};

// Why an attempt failed.
struct Failure {
  std::string reason = {};       // UPPER_SNAKE_CASE, at most 64 bytes. Default FAILED
  std::string message = {};      // at most 4 KiB, longer ones are cut
  std::string stderr_tail = {};  // of a child process, at most 8 KiB
  std::optional<int> exit_code = {};
  std::optional<int> signal = {};
  // Set by the server.
  std::string queue = {};
  std::string stage = {};
  std::uint32_t attempt = 0;
  Time time = {};
};

// Why a queue or pipeline does not move although there is work.
struct Stall {
  std::string reason = {};   // OUTPUT_FULL_WITHOUT_CONSUMER, NO_CONSUMER ... see docs/stalls.md
  std::string queue = {};    // the one that it is about
  std::string message = {};  // a sentence
};

// Exact counts since the queue was created.
struct QueueCounters {
  std::uint64_t put = 0;            // admitted, dead letters that arrive included
  std::uint64_t done = 0;           // completed
  std::uint64_t delivered = 0;      // every hand-out, first or repeated
  std::uint64_t failed = 0;         // attempts that a consumer ended with fail
  std::uint64_t lease_lost = 0;     // leases that ran out
  std::uint64_t retried = 0;        // went back to be tried again
  std::uint64_t dead_lettered = 0;  // attempts used up, or failed for good
  std::uint64_t discarded = 0;      // by purge, an immediate close, or with the queue
  std::uint64_t rejected = 0;       // puts refused because the queue stayed full
  std::uint64_t cancelled = 0;      // by cancel
  std::uint64_t expired = 0;        // waited past their time to live
  std::uint64_t redriven = 0;       // dead letters that went back
  std::uint64_t duplicates = 0;     // not put, because their key was in use; not counted as put
};

// A queue as it stands.
struct QueueInfo {
  std::string name = {};
  QueueSettings settings = {};  // every field filled in
  bool closed = false;
  bool paused = false;
  Time create_time = {};
  std::string pipeline = {};     // that created it, if one did
  std::uint64_t waiting = 0;     // could be handed out now
  std::uint64_t delayed = 0;     // by a delay or a backoff
  std::uint64_t leased = 0;      // held by a consumer
  std::uint64_t unfinished = 0;  // the sum of the three: what join waits for
  std::uint64_t bytes = 0;
  std::uint64_t waiting_puts = 0;
  std::uint64_t waiting_gets = 0;
  std::uint64_t waiting_joins = 0;
  std::optional<Duration> oldest_age = {};  // absent if nothing waits
  QueueCounters counters = {};
  std::vector<Stall> stalls = {};
};

enum class ItemState { kWaiting, kDelayed, kLeased };

// How far the work on an item is, as whoever does it has said last.
struct Progress {
  std::optional<double> fraction = {};  // that is done, 0 to 1; absent: not known
  std::string message = {};             // "resizing"
  Time time = {};                       // when the server heard of it
};

// An item looked at, not taken.
struct PeekedItem {
  ItemId id = 0;
  ItemState state = ItemState::kWaiting;
  std::string payload = {};  // as much as was asked for
  std::uint64_t payload_bytes = 0;
  Attributes attributes = {};
  std::int64_t priority = 0;
  std::uint32_t attempt = 0;
  Time put_time = {};
  std::optional<Time> due_time = {};  // a delay's or a lease's end
  std::optional<Failure> last_failure = {};
  std::string consumer = {};
  std::optional<Time> expire_time = {};  // the end of its time to live
  std::string dead_from = {};            // of a dead letter: the queue that it comes from
  std::string dedup_key = {};
  std::string unique_key = {};
  std::string order_key = {};
  std::optional<Progress> progress = {};  // while a consumer holds it and has said something
};

// What a cancel found.
enum class CancelOutcome {
  kCancelled,  // it waited or was delayed, and has ended
  kRevoked,    // a consumer held it, and has lost it
  kGone,       // it has ended before, or went to another queue
  kUnknown,    // no item ever had this id
};

// What became of dead letters that were to go back.
struct RedriveResult {
  std::uint64_t redriven = 0;
  // Left where they are, because
  std::uint64_t left_full = 0;       // there is no room where they would go to
  std::uint64_t left_closed = 0;     // no more is taken there
  std::uint64_t left_homeless = 0;   // that queue is gone, or they are no dead letters
  std::uint64_t left_duplicate = 0;  // their unique_key is in use there
  std::uint64_t missing = 0;         // of those asked for: not waiting in the queue, or of another reason
};

// input queue -> handler x workers -> output queue.
struct StageSpec {
  std::string name = {};  // default: the input's name
  std::string input = {};
  std::string output = {};                    // empty: results are dropped
  std::string handler = {};                   // empty or "remote": only workers that attach to it do its work
  std::optional<std::uint32_t> workers = {};  // in the server, 0 to 1,000. Default 1; 0 for a remote stage
  RetryPolicy retry = {};                     // becomes the input queue's
  // Nothing is handed out before so many workers, the server's and attached ones, are ready. Default 0.
  std::uint32_t start_workers = 0;
  std::vector<std::string> limits = {};  // names of limits that hold for its workers
};

// How much the workers of all stages that name it may do together; one of the first two is more than 0. docs/limits.md.
struct LimitSettings {
  std::optional<std::uint32_t> max_at_once = {};  // items at once; 0 = any number. Default 0
  std::optional<double> per_second = {};          // items handed out in a second; 0 = any number. Default 0
  std::optional<std::uint32_t> burst = {};        // of these at once after a pause. Default 1
};

// A limit as it stands.
struct LimitInfo {
  std::string name = {};
  std::uint32_t max_at_once = 0;
  double per_second = 0.0;
  std::uint32_t burst = 1;
  std::uint32_t in_use = 0;
  std::vector<std::string> stages = {};   // that name it, as PIPELINE/STAGE
  std::vector<std::string> waiting = {};  // of them, those that wait for it, in the order of their turn
};

// Puts an item into a queue at each of its ticks, which come by cron or every so often: exactly one of the two.
// docs/schedules.md.
struct ScheduleSpec {
  std::string name = {};
  std::string queue = {};
  std::string cron = {};                       // five fields as in crontab(5), or @daily and the like
  std::string time_zone = {};                  // of the cron: "Europe/Berlin". Default UTC
  std::optional<Duration> every = {};          // 10 ms to 366 days
  std::string payload = {};                    // of each item, as are the next two
  Attributes attributes = {};                  // at most 62; "sluice-schedule" and "sluice-tick" are added
  std::int64_t priority = 0;                   // matters in a kPriority queue: smaller is sooner
  std::optional<std::uint32_t> catch_up = {};  // 0 to 1,000 of the ticks that were missed, the latest. Default 1
};

// A schedule as it stands.
struct Schedule {
  ScheduleSpec spec = {};
  bool paused = false;
  Time create_time = {};
  std::optional<Time> next_time = {};  // absent while it is paused
  std::vector<Time> upcoming = {};     // the next five ticks; none in a list
  std::uint32_t waiting = 0;           // ticks that wait for room in the queue
  // What became of the others. Each counts once.
  std::uint64_t put = 0;
  std::uint64_t skipped = 0;                // missed and not made up for, or due while others waited
  std::uint64_t refused = 0;                // the queue was closed or not there, or the store was full
  std::optional<Time> last_tick_time = {};  // of those that were put
  std::string last_error = {};              // why the last one was refused; empty once one was put
};

struct PipelineSpec {
  std::string name = {};
  // Queues that are not listed here but named by a stage are created with default settings.
  std::vector<QueueSpec> queues = {};
  std::vector<StageSpec> stages = {};
};

enum class StageState { kRunning, kPaused, kFinished };

// An item that a stage's worker is at.
struct RunningItem {
  ItemId id = 0;
  Time start_time = {};
  std::int64_t pid = 0;  // of the child process, if the handler runs one
  std::uint32_t attempt = 0;
  std::string worker = {};                // the remote worker that holds it; empty: one inside the server
  std::optional<Progress> progress = {};  // if there is any
};

// A stage as it stands.
struct StageInfo {
  StageSpec spec = {};
  StageState state = StageState::kRunning;
  std::uint32_t workers = 0;
  std::uint32_t busy_workers = 0;
  std::uint64_t wakeups = 0;
  std::uint64_t idle_wakeups = 0;  // neither an item nor the end of the queue was there
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::vector<RunningItem> running = {};  // the longest first, at most 100
  std::uint32_t remote_workers = 0;       // attached
  std::uint64_t remote_items = 0;         // that they hold
};

// A remote worker: attached to a stage from some machine.
struct WorkerInfo {
  std::uint64_t id = 0;
  std::string name = {};
  std::string host = {};  // as the server sees it: address and port
  std::string pipeline = {};
  std::string stage = {};
  std::uint64_t in_flight = 0;  // items that it holds
  Time attach_time = {};
  std::uint64_t done = 0;    // since then
  std::uint64_t failed = 0;  // since then
};

// A pipeline as it stands.
struct PipelineInfo {
  std::string name = {};
  std::vector<StageInfo> stages = {};
  std::vector<QueueInfo> queues = {};  // all that a stage reads or feeds, in the order of the flow
  Time create_time = {};
  std::uint64_t unfinished = 0;  // in all queues that a stage reads
  bool finished = false;
  std::vector<Stall> stalls = {};
};

// Something that a stage can run.
struct HandlerInfo {
  std::string name = {};
  std::string kind = {};  // native, subprocess, builtin
  std::string description = {};
  std::optional<Duration> timeout = {};
};

}  // namespace sluice
