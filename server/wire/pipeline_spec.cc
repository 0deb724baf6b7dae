#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/spec.h"

namespace sluice::wire {
namespace {

using base::Reason;

// Goes through a pipeline's queues and stages and makes one thing of them.
class PipelineReader {
 public:
  PipelineReader(Reader& reader, const Field& at) : reader_(reader), at_(at) {}

  model::PipelineSpec read(const v1::PipelineSpec& spec) {
    pipeline_.name = reader_.new_name({at_, "name"}, spec.name());
    const int stages = spec.stages_size();
    if (stages == 0 || static_cast<std::size_t>(stages) > limits::kMaxStages) {
      reader_.complain(Reason::kInvalidPipeline, {at_, "stages"},
                       fmt::format("has {} stages; 1 to {} are allowed", stages, limits::kMaxStages));
      return {};
    }
    read_queues(spec);
    for (int i = 0; i < stages && reader_.ok(); ++i) {
      read_stage(Field(at_, "stages", static_cast<std::size_t>(i)), spec.stages(i));
    }
    check_use();
    check_backoffs();
    return std::move(pipeline_);
  }

 private:
  void read_queues(const v1::PipelineSpec& spec) {
    // More than every stage could use, with a dead-letter queue for each: not worth comparing.
    if (static_cast<std::size_t>(spec.queues_size()) > 4 * limits::kMaxStages) {
      reader_.complain(Reason::kInvalidPipeline, {at_, "queues"},
                       fmt::format("has {} queues, more than its stages can use", spec.queues_size()));
      return;
    }
    for (int i = 0; i < spec.queues_size(); ++i) {
      const Field field(at_, "queues", static_cast<std::size_t>(i));
      auto queue = read_queue_spec(reader_, field, spec.queues(i));
      if (reader_.ok() && find(queue.name) != nullptr) {
        reader_.complain(Reason::kInvalidPipeline, field, fmt::format("queue {} is listed twice", in_quotes(queue.name)));
      }
      pipeline_.queues.push_back(std::move(queue));
    }
    listed_ = pipeline_.queues.size();
  }

  void read_stage(const Field& field, const v1::StageSpec& spec) {
    model::StageSpec stage;
    stage.input = reader_.name({field, "input"}, spec.input());
    stage.name = spec.name().empty() ? stage.input : reader_.new_name({field, "name"}, spec.name());
    if (!spec.output().empty()) stage.output = reader_.name({field, "output"}, spec.output());
    stage.handler = spec.handler().empty() ? model::kRemoteHandler : reader_.new_name({field, "handler"}, spec.handler());
    if (stage.remote()) stage.workers = 0;
    if (spec.has_workers()) stage.workers = reader_.number({field, "workers"}, spec.workers(), 0U, limits::kMaxStageWorkers);
    if (stage.remote() && stage.workers > 0) {
      reader_.complain(Reason::kInvalidPipeline, {field, "workers"},
                       "is more than 0, but the stage has no handler that the server could run; name one, or leave the work to "
                       "workers that attach to the stage");
    }
    for (const auto& other : pipeline_.stages) {
      if (other.name != stage.name) continue;
      reader_.complain(Reason::kInvalidPipeline, field,
                       fmt::format("a stage before it is called {} too; give each its own name", in_quotes(stage.name)));
    }
    stage.start_workers = reader_.number({field, "start_workers"}, spec.start_workers(), 0U, limits::kMaxStartWorkers);
    read_limits({field, "limits"}, spec, stage);
    if (spec.has_retry()) fold_retry({field, "retry"}, spec.retry(), stage.input);
    pipeline_.stages.push_back(std::move(stage));
  }

  void read_limits(const Field& field, const v1::StageSpec& spec, model::StageSpec& stage) {
    for (const auto& limit : spec.limits()) {
      const std::string name = reader_.name(field, limit);
      if (std::ranges::find(stage.limits, name) != stage.limits.end()) {
        reader_.complain(Reason::kInvalidPipeline, field, fmt::format("names {} twice", in_quotes(name)));
      }
      stage.limits.push_back(name);
    }
    if (stage.limits.size() <= limits::kMaxLimitsOfAStage) return;
    reader_.complain(Reason::kInvalidPipeline, field,
                     fmt::format("names {} limits; at most {} are allowed", stage.limits.size(), limits::kMaxLimitsOfAStage));
  }

  void fold_retry(const Field& field, const v1::RetryPolicy& retry, const std::string& input) {
    model::QueueSettingsPatch wish;
    read_retry(reader_, field, retry, wish);
    model::QueueSpec* queue = find(input);
    if (queue == nullptr) queue = &pipeline_.queues.emplace_back(model::QueueSpec{input, {}});
    auto& has = queue->settings;
    const bool agree = merge(wish.max_attempts, has.max_attempts) && merge(wish.initial_backoff, has.initial_backoff) &&
                       merge(wish.max_backoff, has.max_backoff) && merge(wish.multiplier, has.multiplier) &&
                       merge(wish.jitter, has.jitter) && merge(wish.max_lost_attempts, has.max_lost_attempts) &&
                       merge(wish.final_exit_codes, has.final_exit_codes);
    if (agree) return;
    reader_.complain(
        Reason::kInvalidPipeline, field,
        fmt::format("differs from what is said elsewhere of its input {}; a queue has one retry policy", in_quotes(input)));
  }

  template <class Value>
  static bool merge(const std::optional<Value>& wish, std::optional<Value>& has) {
    if (!wish) return true;
    if (has && *has != *wish) return false;
    has = wish;
    return true;
  }

  void check_use() {
    for (std::size_t i = 0; i < listed_ && reader_.ok(); ++i) {
      const auto& name = pipeline_.queues[i].name;
      if (is_used(name)) continue;
      reader_.complain(Reason::kInvalidPipeline, Field(at_, "queues", i),
                       fmt::format("no stage uses the queue {}; leave it out, or create it by itself", in_quotes(name)));
    }
  }

  [[nodiscard]] bool is_used(std::string_view name) {
    for (const auto& stage : pipeline_.stages) {
      if (name == stage.input || name == stage.output) return true;
      if (name == dead_letter_queue(stage.input)) return true;
      if (!stage.output.empty() && name == dead_letter_queue(stage.output)) return true;
    }
    return false;
  }

  std::string dead_letter_queue(const std::string& queue) {
    const auto* spec = find(queue);
    return spec == nullptr ? model::default_dead_letter_queue(queue) : spec->initial_settings().dead_letter_queue;
  }

  // After folding: the longest backoff may stand with the queue and the first one with the stage.
  void check_backoffs() {
    for (std::size_t i = 0; i < pipeline_.queues.size() && reader_.ok(); ++i) {
      const auto& queue = pipeline_.queues[i];
      const auto fits = check_settings(queue.initial_settings(), {});
      if (fits.ok()) continue;
      const std::string why(fits.message());
      reader_.complain(Reason::kInvalidValue, i < listed_ ? Field(at_, "queues", i) : Field(at_, "stages"),
                       fmt::format("queue {}: {}", in_quotes(queue.name), why));
    }
  }

  model::QueueSpec* find(std::string_view name) {
    for (auto& queue : pipeline_.queues) {
      if (queue.name == name) return &queue;
    }
    return nullptr;
  }

  Reader& reader_;
  const Field& at_;
  model::PipelineSpec pipeline_;
  std::size_t listed_ = 0;
};

}  // namespace

absl::StatusOr<model::PipelineSpec> pipeline_spec(const v1::PipelineSpec& spec, const Field& at) {
  Reader reader;
  auto pipeline = PipelineReader(reader, at).read(spec);
  if (!reader.ok()) return reader.status();
  return pipeline;
}

}  // namespace sluice::wire
