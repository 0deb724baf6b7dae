//: stores that were considered, under a queue's load
//
// ./dev bench stores [RUNS]: which embedded store carries the records of a queue's life best. Each job is put in one group,
// leased in the next and done in the one after it, beside a backlog that only waits.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/bench/report.h"
#include "tests/bench/stores/store.h"

namespace sluice::bench {
namespace {

using NewStore = std::function<std::unique_ptr<Store>(const std::filesystem::path&)>;

constexpr std::uint64_t kBacklog = 100'000;

// On a real disk, if the directory for temporary files is on one.
struct DiskDirectory {
  DiskDirectory() { std::filesystem::create_directory(path); }
  ~DiskDirectory() { std::filesystem::remove_all(path); }
  DiskDirectory(const DiskDirectory&) = delete;
  DiskDirectory& operator=(const DiskDirectory&) = delete;
  const std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("sluice-bench-{}", getpid());
};

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<std::uint64_t> ids(std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

// `groups` commits of `size` jobs each.
Run life(Store& store, std::uint64_t first, std::uint64_t size, std::uint64_t groups) {
  Run run;
  const double cpu = own_cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::uint64_t> put;
  std::vector<std::uint64_t> leased;
  std::vector<std::uint64_t> done;
  for (std::uint64_t i = 0; i < groups + 2; ++i) {
    done.swap(leased);
    leased.swap(put);
    put = i < groups ? ids(first + i * size, size) : std::vector<std::uint64_t>();
    store.commit({put, leased, done});
  }
  run.seconds = seconds_since(begin);
  run.server_cpu_seconds = own_cpu_seconds() - cpu;
  run.jobs = size * groups;
  return run;
}

struct Candidate {
  std::string name;
  NewStore make;
};

void measure(int runs) {
  const std::vector<Candidate> candidates = {{"LMDB", new_lmdb}, {"SQLite, WAL, FULL", new_sqlite}};
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> sizes = {{1, 300}, {100, 100}, {1'000, 100}};
  std::vector<Result> results;
  std::vector<std::vector<double>> scans(candidates.size());
  for (const auto& candidate : candidates) {
    for (const auto& [size, groups] : sizes) results.push_back({fmt::format("{}: groups of {}", candidate.name, size), {}});
  }
  for (int i = 0; i < runs; ++i) {
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      const DiskDirectory directory;
      const auto store = candidates[c].make(directory.path);
      std::uint64_t next = 1;
      for (; next < kBacklog; next += 10'000) store->commit({ids(next, 10'000), {}, {}});
      const auto begin = std::chrono::steady_clock::now();
      if (store->scan() != kBacklog) throw std::runtime_error(candidates[c].name + " has lost something");
      scans[c].push_back(seconds_since(begin));
      for (std::size_t s = 0; s < sizes.size(); ++s) {
        results[c * sizes.size() + s].runs.push_back(life(*store, next, sizes[s].first, sizes[s].second));
        next += sizes[s].first * sizes[s].second;
      }
    }
  }
  print(results);
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    fmt::print("{}: reads {} items in {:.3f} s (median)\n", candidates[c].name, kBacklog, median_of(scans[c]));
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  try {
    sluice::bench::measure(argc > 1 ? std::stoi(argv[1]) : 5);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_stores: {}\n", error.what());
    return 2;
  }
}
