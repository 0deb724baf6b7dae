// One run: a sluiced under load that is killed and started again, until its queues are drained, and a verdict on what its
// clients saw.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/crash/checker/checker.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

struct RunOptions {
  Shape shape = Shape::kServed;
  std::uint64_t seed = 1;
  // How often the server is killed. A run that is over sooner has fewer.
  std::uint64_t kills = 12;
  // How often, besides, it is stopped for longer than a lease and let go on.
  std::uint64_t stops = 1;
  // How often, besides, it is asked to end in order and started again.
  std::uint64_t restarts = 1;
  // False: the server keeps nothing, which must be found out. It is not killed any more once the queues are being drained.
  bool durable = true;
  // The program to kill; empty: the sluiced of this build.
  std::string program = {};
};

struct RunResult {
  Setting setting;
  History history;
  Verdict verdict;
  std::uint64_t kills = 0;
  std::uint64_t stops = 0;
  std::uint64_t restarts = 0;
  std::string server_errors;  // what it wrote to standard error
};

// To be called on a thread that outlives the server, best the program's first. Throws std::runtime_error if the server does
// not start or end as it should.
[[nodiscard]] RunResult run(const RunOptions& options);

// Writes the history, the findings and the server's log into a file in `directory`, and returns its path.
std::filesystem::path keep(const RunResult& result, const std::filesystem::path& directory);

}  // namespace sluice::crash
