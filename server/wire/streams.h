// The messages of Produce and Consume, as the engine's commands. Pure; thread-safe. Errors as in wire/commands.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/limits.h"
#include "server/engine/commands.h"
#include "server/wire/progress.h"
#include "server/wire/reader.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::wire {

// One message of a producer. `queue` is that of the messages before, empty for the first: then the message must name it.
struct Produced {
  std::string queue;
  std::vector<model::NewItem> items;
  std::size_t bytes = 0;  // of all bodies
  std::string producer;   // this and the next: of the first message
  std::uint64_t position = 0;
};
[[nodiscard]] absl::StatusOr<Produced> produced_of(v1::ProduceRequest&& request, const std::string& queue);

// One message of a consumer.
struct ConsumerOrder {
  std::string queue;
  std::string consumer;
  std::uint32_t max_items = 0;  // 0: as before
  std::uint64_t max_bytes = 0;  // 0: as before
  std::vector<model::LeaseId> done;
  std::vector<engine::CompleteCommand> completions;
  std::vector<engine::FailCommand> failures;
  std::vector<model::LeaseId> released;
  bool leaving = false;
  std::vector<Report> reports;
};
[[nodiscard]] absl::StatusOr<ConsumerOrder> order_of(v1::ConsumeRequest&& request, const std::string& queue);

}  // namespace sluice::wire
