//: how long a full store takes to be read, beside a bare scan of its file; bars
//
// ./dev bench recovery [--runs N] [--items N] [--json FILE] [--check]
//
// Makes a store of a million waiting items of 100 bytes, then, in a fresh process each time so that memory is as cold as at a
// start, measures how long it takes from opening it to an engine that can serve. Beside it stands a bare scan of the same file
// in the same process: on a busy machine the ratio says more than the seconds.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/engine/engine.h"
#include "server/journal/lmdb.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::steady_clock;

struct Workload {
  std::uint64_t items = 1'000'000;
  std::size_t payload_bytes = 100;
  int runs = 5;
  std::string json;
};

[[noreturn]] void fail(const absl::Status& status) {
  fmt::print(stderr, "recovery: {}\n", std::string(status.message()));
  std::exit(EXIT_FAILURE);
}

journal::LmdbOptions options(const std::filesystem::path& directory) {
  return {.directory = directory, .max_bytes = limits::kDefaultStoreBytes};
}

model::ItemRecord item(std::uint64_t id, const Workload& workload) {
  model::ItemRecord record;
  record.id = model::ItemId{id};
  record.queue = model::QueueId{1};
  record.rank = static_cast<std::int64_t>(id);
  record.put_time = base::Time{base::Duration{1'700'000'000'000'000 + static_cast<std::int64_t>(id)}};
  record.body = std::make_shared<const model::Body>(
      model::Body{std::string(workload.payload_bytes, static_cast<char>('a' + id % 26)), {}});
  return record;
}

void make_store(const std::filesystem::path& directory, const Workload& workload) {
  auto journal = journal::LmdbJournal::open(options(directory));
  if (!journal.ok()) fail(journal.status());
  const auto started = (*journal)->start([](journal::Position) {}, fail);
  if (!started.ok()) fail(started);
  model::QueueRecord queue;
  queue.id = model::QueueId{1};
  queue.name = "tasks";
  std::vector<model::Record> records{queue};
  constexpr std::uint64_t kAtOnce = 10'000;
  for (std::uint64_t id = 1; id <= workload.items; ++id) {
    records.emplace_back(item(id, workload));
    if (id % kAtOnce == 0) (*journal)->append(records);
  }
  (*journal)->append(records);
  (*journal)->stop();
}

struct Times {
  Seconds scan{};
  Seconds recovery{};
  // Of the recovery, on all cores: what it would still take on a machine with nothing else to do, and on one core.
  Seconds recovery_cpu{};
};

// Of this process so far.
Seconds cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return Seconds(seconds(used.ru_utime) + seconds(used.ru_stime));
}

// Goes over every record that recovery has to read, and does nothing with it.
Seconds scan(const std::filesystem::path& directory) {
  const auto begin = steady_clock::now();
  const auto store = journal::LmdbStore::open_read_only(directory / "data.mdb");
  if (!store.ok()) fail(store.status());
  journal::LmdbStore::Snapshot snapshot(**store);
  if (const auto status = snapshot.begin(); !status.ok()) fail(status);
  for (const journal::Table table : {journal::Table::kItems, journal::Table::kBodies}) {
    journal::LmdbStore::Reader reader(snapshot, table);
    while (reader.next().value_or(false)) {
    }
  }
  return steady_clock::now() - begin;
}

void recover(const std::filesystem::path& directory, const Workload& workload, Times& times) {
  const Seconds cpu_before = cpu_time();
  const auto begin = steady_clock::now();
  auto journal = journal::LmdbJournal::open(options(directory));
  if (!journal.ok()) fail(journal.status());
  engine::Engine engine{engine::EngineOptions{}};
  const auto loaded = (*journal)->load([&engine](model::Record&& record) {
    if (auto status = engine.restore(std::move(record)); !status.ok()) fail(status);
  });
  if (!loaded.ok()) fail(loaded);
  engine::Effects effects;
  const base::Time now{base::Duration{1'800'000'000'000'000}};
  engine.finish_restore(now, effects);
  times.recovery = steady_clock::now() - begin;
  times.recovery_cpu = cpu_time() - cpu_before;
  const auto queue = engine.queue(now, "tasks");
  if (!queue.ok()) fail(queue.status());
  if (queue->waiting != workload.items) fail(absl::InternalError("items are missing"));
}

Times run_once(const std::filesystem::path& directory, const Workload& workload) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) fail(absl::InternalError("pipe"));
  const pid_t child = ::fork();
  if (child == 0) {
    Times times;
    times.scan = scan(directory);
    recover(directory, workload, times);
    const bool told = ::write(ends[1], &times, sizeof times) == sizeof times;
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  Times times;
  const bool told = ::read(ends[0], &times, sizeof times) == sizeof times;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!told || status != 0) fail(absl::InternalError("a run failed"));
  return times;
}

bool measure(const Workload& workload, bool check) {
  bench::Report report("recovery");
  const test::TempDir directory;
  make_store(directory.path(), workload);
  fmt::print("{} items of {} bytes\n", workload.items, workload.payload_bytes);
  std::vector<double> recovery;
  std::vector<double> cpu;
  std::vector<double> scanned;
  for (int i = 0; i < workload.runs; ++i) {
    const Times times = run_once(directory.path(), workload);
    recovery.push_back(times.recovery.count());
    cpu.push_back(times.recovery_cpu.count());
    scanned.push_back(times.scan.count());
  }
  report.figure("recovery", recovery, "s");
  report.figure("its processor time", cpu, "s");
  report.figure("bare scan of the same file", scanned, "s");
  if (check) {
    const double million = static_cast<double>(workload.items) / 1e6;
    report.bars({{"recovery of a million items", bench::median_of(recovery) / million, 1, bench::Bar::kAtMost, "s"}});
  }
  return report.end(workload.json);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::Workload options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_recovery", argc, argv,
      {flag("--runs", options.runs), flag("--items", options.items), flag("--json", options.json)},
      [&](bool check) { return sluice::measure(options, check); });
}
