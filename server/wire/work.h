// The messages of Work and the list of workers. Pure; thread-safe. Errors as in wire/commands.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/views.h"
#include "server/wire/streams.h"
#include "sluice/v1/pipeline_service.pb.h"

namespace sluice::wire {

struct StageName {
  std::string pipeline;
  std::string stage;

  bool operator==(const StageName&) const = default;
};

// What a worker made of an item. Sizes and attributes are not checked: a result that cannot be put fails its attempt only.
struct MadeOutput {
  std::string payload;
  std::optional<model::Attributes> attributes;  // absent: the item's
};
struct MadeResult {
  model::LeaseId lease{};
  std::vector<MadeOutput> outputs;
};

// One message of a worker. `order` has neither queue nor completions: they come of the stage and the results.
struct WorkOrder {
  StageName stage;
  ConsumerOrder order;
  std::vector<MadeResult> results;
};
// `stage` is that of the messages before, empty for the first: then the message must name it.
[[nodiscard]] absl::StatusOr<WorkOrder> work_of(v1::WorkRequest&& request, const StageName& stage);

struct WorkerPage {
  std::string pipeline;  // empty: of all
  std::string stage;     // empty: of all
  model::WorkerId after{};
  std::uint32_t size = 0;
};
[[nodiscard]] absl::StatusOr<WorkerPage> page_of(const v1::ListWorkersRequest& request);
[[nodiscard]] std::string token_after(model::WorkerId worker);

void fill(const engine::WorkerView& view, v1::Worker& worker);

// "10.0.0.7:4711" out of what gRPC calls "ipv4:10.0.0.7:4711".
[[nodiscard]] std::string host_of(std::string_view peer);

}  // namespace sluice::wire
