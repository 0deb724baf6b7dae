// Random commands for a World. Queues are small and tend to be full or empty by turns, callers wait for long, tokens are
// sometimes stale: whatever is rare in life is common here. The same seed gives the same commands.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/random.h"
#include "tests/sim/world.h"

namespace sluice::sim {

class Driver {
 public:
  Driver(std::uint64_t seed, Sabotage sabotage);

  // One command, and perhaps some time before it. Throws Mismatch.
  void step();
  [[nodiscard]] const World& world() const { return world_; }

 private:
  // A request that may be sent again.
  struct SentPut {
    std::string queue;
    std::vector<NewRefItem> items;
    std::string request_id;
  };
  struct SentCompletion {
    std::string queue;
    std::uint64_t token = 0;
    std::vector<Output> outputs;
    std::string request_id;
  };
  struct Held {
    std::string queue;
    std::uint64_t token = 0;
  };

  void let_time_pass();
  void change_mood();

  void create();
  void update();
  void remove();
  void close();
  void pause_or_resume();
  void purge();
  void put();
  void put_again();
  void get();
  void complete();
  void complete_again();
  void fail();
  void extend();
  void release();
  void finish();
  void lose();
  void cancel();
  void redrive();
  void join();
  void withdraw();
  void restart();
  void schedule();

  [[nodiscard]] model::QueueSettingsPatch settings(bool fresh);
  [[nodiscard]] std::string some_queue();
  [[nodiscard]] Held some_lease();
  [[nodiscard]] bool any_leased() const;
  // Several of one queue, in any order: as one consumer may hold them.
  [[nodiscard]] std::vector<std::uint64_t> leases_of(const std::string& queue);
  [[nodiscard]] Time some_give_up();
  [[nodiscard]] Duration some_wait() { return Duration{random_.between(1, 50'000)}; }
  [[nodiscard]] std::string some_request_id();
  [[nodiscard]] NewRefItem fresh_item();
  void make_special(NewRefItem& item);
  // Some that are in the queue, and perhaps one that is or was elsewhere.
  [[nodiscard]] std::vector<std::string> some_items(const std::string& queue);
  [[nodiscard]] bool is_alive(const std::string& payload) const;
  [[nodiscard]] bool is_known(const SentPut& sent) const;

  Random random_;
  World world_;
  std::vector<std::uint32_t> weights_;
  std::deque<SentPut> puts_;
  std::deque<SentCompletion> completions_;
  std::deque<Held> old_leases_;
  std::uint64_t last_payload_ = 0;
  std::uint64_t last_request_ = 0;
};

struct SimulationResult {
  // Empty when all went well; else what went wrong, how to replay it, and the last commands.
  std::string failure;
  // World::outcomes() of all worlds together.
  std::map<std::string, std::uint64_t> outcomes;
};

// Runs `commands` commands of the seed, or up to the first failure.
[[nodiscard]] SimulationResult simulate(std::uint64_t seed, std::uint64_t commands, const Sabotage& sabotage = {});

}  // namespace sluice::sim
