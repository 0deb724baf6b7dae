// What each command was given on the command line. Plain data: filled by command_line.cc, read by the commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/job.h"
#include "sluice/types.h"

namespace sluice::cli {

struct Globals {
  std::string server = "127.0.0.1:7410";
  bool json = false;
  // How long a server may take to be there.
  Duration connect_timeout = std::chrono::seconds(3);
};

// Shared by create and update.
struct SettingsArguments {
  std::optional<std::uint32_t> capacity;
  std::string order;
  std::optional<Duration> lease;
  std::optional<std::uint32_t> max_attempts;
  std::optional<Duration> backoff;
  std::optional<Duration> max_backoff;
  std::optional<std::uint32_t> max_lost;
  std::optional<std::vector<std::int32_t>> final_exit_codes;
  std::optional<std::string> dead_letter;
  std::string durability;  // "sync" or "memory"; empty: not said
  std::optional<Duration> time_to_live;
  std::optional<bool> dead_letter_expired;
  std::optional<Duration> dedup_window;
};

struct CreateArguments {
  std::string name;
  SettingsArguments settings;
  bool if_missing = false;
};

struct UpdateArguments {
  std::string name;
  SettingsArguments settings;
};

struct ListArguments {
  std::string prefix;
};

struct NameArguments {
  std::string name;
};

struct RemoveArguments {
  std::string name;
  bool force = false;
};

struct CloseArguments {
  std::string name;
  bool immediate = false;
};

struct PutArguments {
  std::string queue;
  std::vector<std::string> payloads;
  std::vector<std::string> files;
  bool lines = false;
  std::vector<std::string> attributes;  // KEY=VALUE
  std::int64_t priority = 0;
  std::optional<Duration> delay;
  std::string not_before;  // as parse_moment() reads it; empty: not said
  std::optional<Duration> time_to_live;
  std::string dedup_key;
  std::optional<Duration> dedup_window;
  std::string unique_key;
  std::string order_key;
  std::optional<Duration> wait;
};

struct GetArguments {
  std::string queue;
  std::uint32_t count = 1;
  std::optional<Duration> wait;
  std::optional<Duration> lease;
  bool done = false;
};

struct LeaseArguments {
  std::string queue;
  std::vector<LeaseToken> tokens;
};

struct FailArguments {
  LeaseArguments leases;
  std::string message;
  bool do_not_retry = false;
  std::optional<Duration> delay;
};

struct ExtendArguments {
  LeaseArguments leases;
  std::optional<Duration> lease;
};

struct PeekArguments {
  std::string queue;
  std::uint32_t count = 10;
  std::uint32_t max_bytes = 1024;
};

struct CancelArguments {
  std::string queue;
  std::vector<ItemId> items;
};

struct DeadListArguments {
  std::string queue;
  std::string reason;  // empty: all
};

struct RedriveArguments {
  std::string queue;
  std::vector<ItemId> items;  // empty: all
  std::string to;             // empty: where they come from
  std::string reason;         // empty: all
};

struct JoinArguments {
  std::string name;
  bool queue = false;
  bool pipeline = false;
  std::optional<Duration> wait;
  std::optional<Duration> interval;
};

struct SubmitArguments {
  std::string target;
  bool queue = false;
  bool pipeline = false;
  std::vector<std::string> payloads;
  std::vector<std::string> attributes;  // KEY=VALUE
  bool lines = false;                   // of standard input
  std::optional<Duration> keep;
  std::optional<Duration> wait;
  bool await = false;
  bool batch = false;
  std::string callback_queue;
  std::string callback;
};

struct BatchArguments {
  BatchId batch = 0;
};

struct AwaitArguments {
  std::vector<std::uint64_t> jobs;
  std::uint64_t batch = 0;
  bool any_order = false;
  std::optional<Duration> wait;
  bool progress = false;
};

struct MapArguments {
  std::string target;
  bool queue = false;
  bool pipeline = false;
  std::uint32_t in_flight = 1'000;
  bool fail_fast = false;
};

struct WorkArguments {
  std::string queue;     // either this
  std::string stage;     // or this, "PIPELINE/STAGE" or with a pipeline
  std::string pipeline;  // of the stage, where it is not in front of it
  std::string name;      // of a stage's worker; empty: the program's own
  std::string output;
  std::uint32_t jobs = 1;
  std::optional<Duration> lease;
  std::vector<std::string> command;
};

struct PipelineCreateArguments {
  std::string file;
};

struct WorkersArguments {
  std::string pipeline;  // empty: of all
};

// Of a limit to create or to change.
struct LimitArguments {
  std::string name;
  std::optional<std::uint32_t> at_once;
  std::optional<double> rate;
  std::optional<std::uint32_t> burst;
};

// Of a schedule to create or to change; what is absent has its default, or stays as it is.
struct ScheduleArguments {
  std::string name;
  std::optional<std::string> queue;
  std::optional<std::string> cron;
  std::optional<std::string> time_zone;
  std::optional<Duration> every;
  std::optional<std::string> payload;   // either this
  std::optional<std::string> file;      // or this; "-": standard input
  std::vector<std::string> attributes;  // KEY=VALUE
  std::optional<std::int64_t> priority;
  std::optional<std::uint32_t> catch_up;
};

struct StageArguments {
  std::string pipeline;
  std::string stage;
  std::uint32_t workers = 0;
};

struct HealthArguments {
  bool live = false;
  Duration timeout = std::chrono::seconds(3);
};

struct BackupArguments {
  std::string file;  // "-": standard output
  bool force = false;
  std::optional<Duration> timeout;
};

struct TopArguments {
  std::string prefix;
  Duration interval = std::chrono::seconds(1);
  std::string sort = "name";
  bool reverse = false;
  bool once = false;
};

struct StatsArguments {
  std::vector<std::string> queues;
  std::optional<Duration> watch;       // the interval; empty: one sample
  std::optional<std::uint64_t> count;  // samples at most
};

struct BenchArguments {
  std::uint32_t producers = 1;
  std::uint32_t consumers = 1;
  std::uint32_t size = 100;
  std::uint32_t batch = 100;
  std::optional<Duration> time;
  std::optional<std::uint64_t> jobs;
  bool unary = false;
  std::string durability = "sync";
};

struct CompletionArguments {
  std::string shell;
};

}  // namespace sluice::cli
