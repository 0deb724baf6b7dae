// What a pipeline is made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/model/queue_settings.h"

namespace sluice::model {

// input queue -> handler x workers -> output queue.
struct StageSpec {
  std::string name;
  std::string input;
  std::string output;  // empty: results are dropped
  std::string handler;
  std::uint32_t workers = 1;

  bool operator==(const StageSpec&) const = default;
};

struct PipelineSpec {
  std::string name;
  // Queues to create; a stage's retry policy has been folded into its input queue's settings.
  std::vector<QueueSpec> queues;
  std::vector<StageSpec> stages;
};

}  // namespace sluice::model
