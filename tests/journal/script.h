// A scripted run of a journal: random but plausible appends, and what a store should hold after each.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/journal/journal.h"
#include "server/journal/memory.h"

namespace sluice::journal {

// Deterministic for its seed. Appends look like an engine's: items come, change and go; queues, counters, requests,
// pipelines, jobs, batches, limits and schedules in between.
class Script {
 public:
  Script(std::uint64_t seed, std::size_t appends);

  [[nodiscard]] const std::vector<std::vector<model::Record>>& appends() const { return appends_; }
  // What a store holds after the first `n` appends, as comparable text.
  [[nodiscard]] const std::vector<std::string>& state_after(std::size_t n) const { return states_.at(n); }

 private:
  void next_append();
  void add_item(std::vector<model::Record>& records);
  void change_item(std::vector<model::Record>& records);
  void change_rules(std::vector<model::Record>& records);

  std::mt19937_64 dice_;
  MemoryStore store_;
  std::vector<std::vector<model::Record>> appends_;
  std::vector<std::vector<std::string>> states_;
  std::vector<model::ItemRecord> items_;
  std::uint64_t next_id_ = 1;
};

// A record as comparable text: its kind, key and content.
[[nodiscard]] std::string describe(const model::Record& record);

// Everything that `journal` loads, as comparable text.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> load_all(Journal& journal);

}  // namespace sluice::journal
