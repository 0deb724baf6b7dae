#include "tests/crash/run.h"

#include <csignal>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "tests/crash/awaiting.h"
#include "tests/crash/load.h"
#include "tests/crash/recorder.h"
#include "tests/crash/stored.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kStoreBytes = 64UL << 20;
// How many operations at most are acknowledged from one trouble to the next.
constexpr std::uint64_t kMaxAcknowledged = 150;
// A worker that hands on to a full queue waits for nothing while the server ends: nobody takes from it any more.
constexpr const char* kDrainTimeout = "50ms";
// Of a load that has come to a standstill: kill all the same.
constexpr auto kKillPatience = 1s;
constexpr auto kDrainPatience = 60s;

// The clients of a run, each on a thread of its own.
class Cast {
 public:
  explicit Cast(const Scene& scene) : scene_(scene) {
    std::uint64_t seed = scene.setting.seed * 1'000;
    for (const Producer& part : scene.setting.producers) {
      auto& threads = part.until_closed ? others_ : producers_;
      threads.emplace_back([this, &part, each = ++seed] { produce(scene_, part, each); });
    }
    producers_.emplace_back([this, each = ++seed] { put_and_join(scene_, each); });
    producers_.emplace_back([this, each = ++seed] { await_jobs(scene_, each); });
    producers_.emplace_back([this, each = ++seed] { cancel_some(scene_, each); });
    for (const Consumer& part : scene.setting.consumers) {
      others_.emplace_back([this, &part, each = ++seed] { consume(scene_, part, each); });
    }
    others_.emplace_back([this] { watch(scene_); });
    finisher_ = std::jthread([this] { finish(); });
  }

 private:
  void finish() {
    producers_.clear();
    wind_down(scene_, kDrainPatience);
    // These go by themselves, because every queue is closed and at its end.
    while (others_.size() > 1) others_.erase(others_.begin());
    scene_.recorder.finish();
    others_.clear();
  }

  const Scene& scene_;
  std::vector<std::jthread> producers_;
  std::vector<std::jthread> others_;
  std::jthread finisher_;
};

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        setting_(make_setting(options.shape, options.seed)),
        server_(support::SluicedProcess::Options{.program = options.program, .config = setting_.config, .flags = flags()}),
        dice_(options.seed) {}

  RunResult go() {
    {
      const Scene scene{recorder_, setting_, server_.address()};
      const Cast cast(scene);
      try {
        trouble();
      } catch (...) {
        recorder_.finish();
        throw;
      }
    }
    if (const int code = server_.stop(); code != 0) throw std::runtime_error(fmt::format("sluiced ended with {}", code));
    note_stored();
    RunResult result{
        .setting = setting_, .history = recorder_.history(), .kills = kills_, .stops = stops_, .restarts = restarts_};
    result.verdict = check(result.history, setting_.plan);
    result.server_errors = server_.standard_error();
    return result;
  }

 private:
  [[nodiscard]] std::vector<std::string> flags() const {
    if (!options_.durable) return {"--data", "none", "--drain-timeout", kDrainTimeout};
    std::vector<std::string> flags{"--data",          data_.path().string(), "--data-max-bytes", std::to_string(kStoreBytes),
                                   "--drain-timeout", kDrainTimeout};
    // So little that most payloads are read back from the store.
    if (options_.seed % 2 == 0) flags.insert(flags.end(), {"--payload-memory-bytes", "65536"});
    return flags;
  }
  [[nodiscard]] std::uint64_t roll(std::uint64_t high) { return std::uniform_int_distribution<std::uint64_t>(1, high)(dice_); }

  // A part of the trouble falls into the time in which the queues are closed, joined and drained.
  void trouble() {
    const std::uint64_t all = options_.kills + options_.stops + options_.restarts;
    const std::uint64_t while_draining = options_.durable ? roll(1 + all / 4) : 0;
    for (std::uint64_t left = all; left > 0 && !recorder_.finished(); --left) {
      if (left <= while_draining) recorder_.stop_producing();
      recorder_.wait_for_acknowledged(recorder_.acknowledged() + roll(kMaxAcknowledged), kKillPatience);
      if (recorder_.finished()) break;
      const std::uint64_t which = roll(left);
      const std::uint64_t stops_left = options_.stops - stops_;
      if (which <= stops_left) {
        stop_for_longer_than_a_lease();
      } else if (which <= stops_left + options_.restarts - restarts_) {
        restart();
      } else {
        kill();
      }
    }
    recorder_.stop_producing();
  }

  void kill() {
    const auto id = recorder_.begin({.kind = Kind::kCrash});
    server_.kill9();
    ++kills_;
    note_stored();
    server_.restart();
    recorder_.end(id, Outcome::kOk);
    recorder_.start_life();
  }

  // What a client is told while it ends must be as true as ever.
  void restart() {
    const auto id = recorder_.begin({.kind = Kind::kRestart});
    if (const int code = server_.stop(); code != 0) throw std::runtime_error(fmt::format("sluiced ended with {}", code));
    ++restarts_;
    note_stored();
    server_.restart();
    recorder_.end(id, Outcome::kOk);
    recorder_.start_life();
  }

  void note_stored() {
    if (options_.durable) recorder_.note({.kind = Kind::kStored, .pieces = read_store(data_.path())});
  }

  // Nothing is acknowledged meanwhile, so that the wait only ends with its time.
  void stop_for_longer_than_a_lease() {
    server_.signal(SIGSTOP);
    recorder_.wait_for_acknowledged(std::numeric_limits<std::uint64_t>::max(), kLease + 50ms);
    server_.signal(SIGCONT);
    ++stops_;
  }

  const RunOptions options_;
  const test::TempDir data_;
  const Setting setting_;
  support::SluicedProcess server_;
  Recorder recorder_;
  std::mt19937_64 dice_;
  std::uint64_t kills_ = 0;
  std::uint64_t stops_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace

RunResult run(const RunOptions& options) { return Run(options).go(); }

std::filesystem::path keep(const RunResult& result, const std::filesystem::path& directory) {
  auto path = directory / fmt::format("sluice-crash-{}.txt", result.setting.seed);
  std::ofstream(path) << to_text(result.verdict, result.verdict.findings.size()) << "\n"
                      << to_text(result.history) << "\n"
                      << result.setting.config << "\n"
                      << result.server_errors;
  return path;
}

}  // namespace sluice::crash
