// From what a handler made to what its stage's output queue takes.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/commands.h"
#include "server/handlers/handler.h"
#include "server/model/pipeline_spec.h"

namespace sluice::runtime {

// The results as items for the stage's output queue: with the input's priority, and its attributes where a result has none
// of its own. None if the stage drops its results. A result that no client could have put either is refused with the same
// error.
[[nodiscard]] absl::StatusOr<std::vector<engine::OutputItem>> output_items(const model::StageSpec& stage,
                                                                           const model::Delivery& input,
                                                                           std::vector<handlers::Output>&& results);

// Has `command` end the item with what a handler made of it: output_items(), or, at the end of a pipeline, results for the
// item's job. The same errors.
[[nodiscard]] absl::Status give_results(const model::StageSpec& stage, const model::Delivery& input,
                                        std::vector<handlers::Output>&& results, engine::CompleteCommand& command);

// What becomes of the attempt when the engine, or output_items(), refused its results: a limit of the server may be gone at the
// next one; a queue that is closed or gone, or can never take so much, is so for good.
[[nodiscard]] handlers::Error refused_output(const model::StageSpec& stage, const absl::Status& status);

}  // namespace sluice::runtime
