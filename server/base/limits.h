// Every bound of the server in one place. What a client can run into is named in the protos with the same number.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::limits {

using namespace std::chrono_literals;

// Names.
inline constexpr std::size_t kMaxNameBytes = 200;        // of a queue, pipeline or stage to be created
inline constexpr std::size_t kMaxStoredNameBytes = 205;  // with ".dead" appended
inline constexpr std::size_t kMaxRequestIdBytes = 128;
inline constexpr std::size_t kMaxConsumerNameBytes = 128;

// Items.
inline constexpr std::size_t kMaxPayloadBytes = 4UL << 20;
inline constexpr std::size_t kMaxAttributes = 64;
inline constexpr std::size_t kMaxAttributeKeyBytes = 128;
inline constexpr std::size_t kMaxAttributeBytes = 64UL << 10;  // all keys and values of an item
inline constexpr std::size_t kMaxFailureReasonBytes = 64;
inline constexpr std::size_t kMaxFailureMessageBytes = 4UL << 10;
inline constexpr std::size_t kMaxStderrTailBytes = 8UL << 10;
inline constexpr std::chrono::microseconds kMaxDelay = 24h * 366;
inline constexpr std::size_t kMaxProgressMessageBytes = 256;
inline constexpr std::size_t kMaxItemKeyBytes = 128;  // of deduplication, uniqueness and order, each
inline constexpr std::chrono::microseconds kMinTimeToLive = 1ms;
inline constexpr std::chrono::microseconds kMaxTimeToLive = 24h * 366;
inline constexpr std::chrono::microseconds kMinDedupWindow = 1ms;
inline constexpr std::chrono::microseconds kMaxDedupWindow = 24h * 7;
inline constexpr std::chrono::microseconds kDefaultDedupWindow = 10min;

// Calls.
inline constexpr std::uint32_t kMaxBatch = 10'000;   // items, completions, tokens in one call
inline constexpr std::size_t kMaxOutputs = 100'000;  // of all completions in one call
inline constexpr std::uint32_t kMaxPageSize = 1'000;
inline constexpr std::uint32_t kDefaultPageSize = 100;
inline constexpr std::uint32_t kDefaultPeekItems = 10;
inline constexpr std::uint32_t kMaxPeekPayloadBytes = 1U << 20;
inline constexpr std::uint32_t kDefaultPeekPayloadBytes = 1U << 10;
inline constexpr std::chrono::microseconds kMaxWait = 24h * 366;
inline constexpr std::chrono::microseconds kMinProgressInterval = 10ms;
inline constexpr std::chrono::microseconds kMaxProgressInterval = 1h;
inline constexpr std::chrono::microseconds kDefaultProgressInterval = 1s;
// A request: a full batch of small items, or a few of the largest. Clients split what is larger.
inline constexpr std::size_t kMaxRequestBytes = 32UL << 20;
// What one Get hands out at most besides its first item, so that an answer stays below what clients accept.
inline constexpr std::size_t kMaxGetBytes = 16UL << 20;
inline constexpr std::size_t kMaxResponseBytes = 64UL << 20;

// Streams.
inline constexpr std::uint32_t kMaxStreamItems = 100'000;       // leased by one consumer at a time
inline constexpr std::size_t kDefaultStreamBytes = 64UL << 20;  // the same in bytes, unless the consumer says otherwise
inline constexpr std::size_t kMaxProducedItems = 10'000;        // read ahead of one producer while the items before wait
inline constexpr std::size_t kMaxProducedBytes = 8UL << 20;     // the same in bytes, besides the last message
inline constexpr std::size_t kMaxStreamCommands = 10'000;       // of one consumer, under way; then no more is read
inline constexpr std::uint32_t kMaxDeliveredItems = 10'000;     // in one message to a consumer
// How long a connection may be silent before the other end is asked whether it lives. It has a third of that, and at least 3 s.
inline constexpr std::chrono::microseconds kMinKeepalive = 300ms;
inline constexpr std::chrono::microseconds kMaxKeepalive = 1h;
inline constexpr std::chrono::microseconds kDefaultKeepalive = 60s;

// Queues.
inline constexpr std::uint32_t kMaxCapacity = 100'000'000;
inline constexpr std::uint32_t kDefaultCapacity = 1'000;
inline constexpr std::chrono::microseconds kMinLease = 1ms;
inline constexpr std::chrono::microseconds kMaxLease = 24h;
inline constexpr std::chrono::microseconds kDefaultLease = 60s;
inline constexpr std::uint32_t kMaxAttempts = 1'000'000;
inline constexpr std::uint32_t kDefaultMaxAttempts = 5;
inline constexpr std::chrono::microseconds kMaxBackoff = 24h;
inline constexpr std::chrono::microseconds kDefaultInitialBackoff = 1s;
inline constexpr std::chrono::microseconds kDefaultMaxBackoff = 5min;
inline constexpr double kMaxBackoffMultiplier = 100.0;
inline constexpr double kDefaultBackoffMultiplier = 2.0;
inline constexpr double kDefaultJitter = 0.2;

inline constexpr std::size_t kMaxFinalExitCodes = 255;

// Named limits.
inline constexpr std::size_t kMaxLimits = 1'000;
inline constexpr std::size_t kMaxLimitsOfAStage = 16;
inline constexpr std::uint32_t kMaxAtOnce = 1'000'000;
inline constexpr double kMinPerSecond = 0.00001;  // one a day, roughly
inline constexpr double kMaxPerSecond = 1'000'000.0;
inline constexpr std::uint32_t kMaxBurst = 1'000'000;

// Schedules.
inline constexpr std::size_t kMaxSchedules = 10'000;
inline constexpr std::size_t kMaxCronBytes = 256;
inline constexpr std::size_t kMaxTimeZoneBytes = 64;
inline constexpr std::chrono::microseconds kMinEvery = 10ms;
inline constexpr std::chrono::microseconds kMaxEvery = 24h * 366;
inline constexpr std::uint32_t kMaxCatchUp = 1'000;
inline constexpr std::chrono::microseconds kTickTolerance = 10s;  // a later tick was missed; at most kMaxCatchUp of kMinEvery
inline constexpr std::size_t kMaxTicksWalked = 10'000;  // through missed ticks of a cron; then it goes on with the latest
inline constexpr std::chrono::microseconds kMaxTickAge = 31 * 24h;
inline constexpr std::size_t kUpcomingTicks = 5;  // told of one schedule

// The server as a whole.
inline constexpr std::size_t kMaxQueues = 100'000;
inline constexpr std::size_t kMaxPipelines = 10'000;
inline constexpr std::size_t kMaxStages = 100;            // of one pipeline
inline constexpr std::uint32_t kMaxStageWorkers = 1'000;  // of one stage
inline constexpr std::size_t kMaxRemoteWorkers = 10'000;  // attached, of all stages
inline constexpr std::uint32_t kMaxStartWorkers = kMaxStageWorkers + kMaxRemoteWorkers;
inline constexpr std::size_t kMaxWaiters = 200'000;    // blocked puts, gets and joins together
inline constexpr std::size_t kMaxBytes = 16UL << 30;   // payloads and attributes of all unfinished items
inline constexpr std::size_t kMaxRunningListed = 100;  // running items shown of one stage
// An item is worked on for so long before it is named as what holds up those of its ordering key.
inline constexpr std::chrono::microseconds kOrderKeyPatience = 5s;
inline constexpr std::size_t kMaxHeldLookedAt = 1'000;              // held items of a queue, in search of those of one stage
inline constexpr std::chrono::microseconds kProgressPause = 100ms;  // between two reports of a handler that count, on one item
inline constexpr std::chrono::microseconds kRequestIdWindow = 10min;
inline constexpr std::size_t kMaxRequestIds = 100'000;   // remembered of one queue
inline constexpr std::size_t kMaxDedupKeys = 1'000'000;  // remembered of one queue
inline constexpr std::uint64_t kMaxProducerPosition = 1ULL << 62;
inline constexpr std::size_t kMaxProducers = 10'000;  // remembered of one queue, for kRequestIdWindow after their last item
inline constexpr std::size_t kMaxRedriven = 1'000;    // dead letters looked at in one step

// Jobs: those that still run, and those that have ended and are kept for whoever asks; the oldest of these go first.
inline constexpr std::size_t kMaxRunningJobs = 1'000'000;
inline constexpr std::size_t kMaxEndedJobs = 250'000;
inline constexpr std::size_t kMaxResultBytes = 256UL << 20;          // results of all ended jobs
inline constexpr std::size_t kMaxJobResultBytes = kMaxPayloadBytes;  // results of one job, besides the first
inline constexpr std::chrono::microseconds kMinJobKeep = 1s;         // after its end
inline constexpr std::chrono::microseconds kMaxJobKeep = 7 * 24h;
inline constexpr std::chrono::microseconds kDefaultJobKeep = 1h;
inline constexpr std::size_t kMaxBatches = 100'000;  // that are not forgotten
inline constexpr std::uint32_t kMaxJobsOfBatch = 1'000'000;
inline constexpr std::size_t kMaxCallbackBytes = 64UL << 10;        // payload and attributes
inline constexpr std::chrono::microseconds kMinBatchPatience = 1s;  // for more jobs, before it is taken for abandoned
inline constexpr std::chrono::microseconds kMaxBatchPatience = 24h;
inline constexpr std::chrono::microseconds kDefaultBatchPatience = 10min;
inline constexpr std::uint32_t kMaxAwaitedJobs = 100'000;  // named in one call
inline constexpr std::uint32_t kMaxToldJobs = 1'000;       // in one message to whoever awaits them
inline constexpr std::size_t kMaxJobsLookedAt = 10'000;    // for one page of a list

inline constexpr std::size_t kKeptAnswers = 1'024;                    // room for answers kept from turn to turn
inline constexpr std::chrono::microseconds kStageRetryPause = 100ms;  // of a worker whose get met a limit of the server
inline constexpr std::chrono::microseconds kPreparePause = 1s;        // of a worker whose handler could not prepare

// Child processes.
inline constexpr std::size_t kMaxChainCommands = 16;
inline constexpr std::size_t kMaxPayloadArgumentBytes = 64UL << 10;  // "{payload}"; the kernel allows 128 KiB an argument
inline constexpr std::chrono::microseconds kDefaultGrace = 2s;
inline constexpr std::chrono::microseconds kMaxGrace = 1h;
inline constexpr std::chrono::microseconds kMinHandlerTimeout = 1ms;
inline constexpr std::uint32_t kMaxCoprocesses = 256;             // children of one handler at a time
inline constexpr std::uint32_t kMaxCoprocessInFlight = 1'000;     // items in the hand of one child
inline constexpr std::size_t kMaxAnswerHeadBytes = 64UL << 10;    // the line before an answer's bytes
inline constexpr std::size_t kMaxDiscardedBytes = 64UL << 20;     // of one answer that is too large; then its child is ended
inline constexpr std::size_t kCoprocessBufferBytes = 64UL << 10;  // gathered for one write, besides the last item
inline constexpr std::size_t kMaxProgressBytes = 64UL << 10;  // of a message that a coprocess reports; most of it is cut off
inline constexpr std::chrono::microseconds kMinRestartPause = 100ms;  // after a child that ended before its first answer
inline constexpr std::chrono::microseconds kMaxRestartPause = 10s;
inline constexpr std::chrono::microseconds kMaxHandlerTimeout = 24h;

// The store.
inline constexpr std::size_t kMinStoreBytes = 16UL << 20;
inline constexpr std::size_t kMaxStoreBytes = 16UL << 40;
inline constexpr std::size_t kDefaultStoreBytes = 64UL << 30;  // the file is sparse
// Payloads and attributes that are held in memory; beyond, they are read back from the store when they are handed out.
inline constexpr std::size_t kMinPayloadMemoryBytes = 64UL << 10;
inline constexpr std::size_t kMaxPayloadMemoryBytes = 16UL << 40;
inline constexpr std::size_t kDefaultPayloadMemoryBytes = 256UL << 20;
// What puts must leave free: an eighth of the store, within these.
inline constexpr std::size_t kMinStoreReserveBytes = 2UL << 20;
inline constexpr std::size_t kMaxStoreReserveBytes = 256UL << 20;
// A backup: what one message carries, and how long a client may take for it.
inline constexpr std::size_t kBackupChunkBytes = 256UL << 10;
inline constexpr std::chrono::microseconds kBackupChunkTimeout = 60s;
inline constexpr int kMaxBackups = 1;  // under way; each takes as much disk as the store uses
// How often a server that reads its store says how far it is.
inline constexpr std::chrono::microseconds kRecoveryReportInterval = 1s;

// The admin endpoint.
inline constexpr std::size_t kMaxAdminConnections = 256;
inline constexpr std::size_t kMaxAdminStreams = 32;  // of events, among the connections
inline constexpr std::size_t kMaxAdminHeaderBytes = 16UL << 10;
inline constexpr std::size_t kMaxAdminBodyBytes = 64UL << 10;
inline constexpr std::chrono::microseconds kAdminRequestTimeout = 10s;  // from a request's first byte to its last
inline constexpr std::chrono::microseconds kAdminIdleTimeout = 60s;     // between requests
inline constexpr std::chrono::microseconds kAdminWriteTimeout = 10s;    // of one answer, or one event
inline constexpr std::chrono::microseconds kAdminActionTimeout = 10s;   // for the store to commit an action
inline constexpr std::chrono::microseconds kAdminAcceptPause = 100ms;   // after a failed accept: no descriptors, mostly
inline constexpr std::chrono::microseconds kEventInterval = 500ms;      // the least between two events of a stream
inline constexpr std::chrono::microseconds kEventPing = 15s;            // a stream is never silent for longer
inline constexpr std::size_t kSnapshotPage = 50;                        // queues looked at under the engine's lock at once
inline constexpr std::size_t kMaxMetricQueues = 500;                    // with series of their own; the rest is "_other"
inline constexpr std::size_t kMaxMetricStages = 500;
inline constexpr std::size_t kMaxDeadLettersListed = 200;  // over all queues
inline constexpr std::size_t kMaxAdminTokenBytes = 1'024;

// Starting and stopping.
inline constexpr std::chrono::microseconds kDefaultDrainTimeout = 10s;
inline constexpr std::chrono::microseconds kMaxDrainTimeout = 24h;
// How long a server that starts waits for what a killed one has left behind, and how often it looks.
inline constexpr std::chrono::microseconds kLeftoverPatience = 1s;
inline constexpr std::chrono::microseconds kLeftoverPause = 5ms;
inline constexpr std::chrono::microseconds kStartTimeout = 60s;  // for the store to commit the configured queues
inline constexpr std::chrono::microseconds kStopTimeout = 5s;    // for what a drain stopped to come to its end
inline constexpr std::chrono::microseconds kEndTimeout = 10s;    // from the end of the drain to the exit, by force if need be
// For the last calls under way, once the drain is over: none of them waits for anything then.
inline constexpr std::chrono::microseconds kLastCallsTimeout = 500ms;
inline constexpr std::uint32_t kMaxThreads = 256;
inline constexpr std::chrono::microseconds kMinSlowReaction = 1ms;
inline constexpr std::chrono::microseconds kMaxSlowReaction = 1h;
inline constexpr std::size_t kMaxConfigBytes = 4UL << 20;

static_assert(kMaxStoredNameBytes == kMaxNameBytes + 5, "room for the suffix .dead");
static_assert(kMaxPayloadBytes + kMaxAttributeBytes < kMaxRequestBytes, "the largest item fits into a request");
static_assert(kMaxGetBytes + kMaxPayloadBytes + kMaxAttributeBytes < kMaxResponseBytes);
static_assert(kDefaultCapacity <= kMaxCapacity && kDefaultPageSize <= kMaxPageSize);
static_assert(kDefaultMaxBackoff <= kMaxBackoff && kDefaultInitialBackoff <= kDefaultMaxBackoff);
static_assert(kStopTimeout + 2 * kLastCallsTimeout < kEndTimeout, "time is left for the rest");
static_assert(kBackupChunkBytes < kMaxResponseBytes);
static_assert(kMaxAdminStreams < kMaxAdminConnections, "streams leave connections for everything else");
static_assert(kEventInterval < kEventPing);
static_assert(kMaxPayloadBytes + kMaxAttributeBytes < kMaxDiscardedBytes, "what nobody could have meant");
static_assert(kMinDedupWindow <= kDefaultDedupWindow && kDefaultDedupWindow <= kMaxDedupWindow);
static_assert(kMinJobKeep <= kDefaultJobKeep && kDefaultJobKeep <= kMaxJobKeep);
static_assert(kMinBatchPatience <= kDefaultBatchPatience && kDefaultBatchPatience <= kMaxBatchPatience);
static_assert(kMaxGetBytes + 2 * (kMaxJobResultBytes + kMaxPayloadBytes) < kMaxResponseBytes, "a job more fits in a message");
static_assert(kMinLease <= kDefaultLease && kDefaultLease <= kMaxLease);

}  // namespace sluice::limits
