// What a pipeline is made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/model/queue_settings.h"

namespace sluice::model {

// The handler of a stage that the server runs nothing for: remote workers do all of its work.
inline constexpr std::string_view kRemoteHandler = "remote";

// input queue -> handler x workers -> output queue.
struct StageSpec {
  std::string name;
  std::string input;
  std::string output;  // empty: results are dropped
  std::string handler;
  std::uint32_t workers = 1;  // of the server's own; 0 if remote()
  // No item is handed out before so many workers, the server's and remote ones together, are ready. 0: nobody waits.
  std::uint32_t start_workers = 0;
  // Names of limits that hold for the stage, each once.
  std::vector<std::string> limits;

  [[nodiscard]] bool remote() const { return handler == kRemoteHandler; }
  bool operator==(const StageSpec&) const = default;
};

struct PipelineSpec {
  std::string name;
  // Queues to create; a stage's retry policy has been folded into its input queue's settings.
  std::vector<QueueSpec> queues;
  std::vector<StageSpec> stages;
};

}  // namespace sluice::model
