#include "server/engine/pipeline.h"

#include <algorithm>

namespace sluice::engine {
namespace {

void add_once(std::vector<Queue*>& queues, Queue* queue) {
  if (queue != nullptr && std::ranges::find(queues, queue) == queues.end()) queues.push_back(queue);
}

}  // namespace

Stage* Pipeline::find(std::string_view stage) const {
  const auto found = std::ranges::find_if(stages, [&](const auto& each) { return each->spec.name == stage; });
  return found == stages.end() ? nullptr : found->get();
}

std::vector<Queue*> Pipeline::inputs() const {
  std::vector<Queue*> result;
  for (const auto& stage : stages) add_once(result, stage->input);
  return result;
}

std::vector<Queue*> Pipeline::queues() const {
  std::vector<Queue*> result;
  for (const auto& stage : stages) {
    add_once(result, stage->input);
    add_once(result, stage->output);
  }
  return result;
}

std::vector<Queue*> Pipeline::entries() const {
  std::vector<Queue*> result = inputs();
  const auto fed = [this](const Queue* queue) {
    return std::ranges::any_of(stages, [&](const auto& stage) { return stage->output == queue && stage->input != queue; });
  };
  std::erase_if(result, fed);
  return result.empty() ? inputs() : result;
}

std::uint64_t Pipeline::unfinished() const {
  std::uint64_t sum = 0;
  for (const Queue* queue : inputs()) sum += queue->unfinished();
  return sum;
}

bool Pipeline::finished() const {
  return std::ranges::none_of(stages, [](const auto& stage) { return stage->open(); });
}

bool Pipeline::idle() const {
  if (unfinished() > 0) return false;
  const bool closing = std::ranges::all_of(entries(), [](const Queue* queue) { return queue->closed(); });
  return !closing || finished();
}

bool Pipeline::is_kept() const {
  return std::ranges::any_of(stages, [](const auto& stage) { return stage->input->is_kept(); });
}

std::uint64_t Pipeline::version() const {
  std::uint64_t sum = 0;
  for (const Queue* queue : queues()) sum += queue->version;
  return sum;
}

model::PipelineRecord Pipeline::record() const {
  model::PipelineRecord record;
  record.name = name;
  record.create_time = create_time;
  record.idle_count = idle_count;
  for (const auto& stage : stages) record.stages.push_back({stage->spec, stage->state});
  return record;
}

}  // namespace sluice::engine
