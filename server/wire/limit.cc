#include "server/base/limits.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"
#include "server/wire/views.h"

namespace sluice::wire {
namespace {

model::LimitPatch read_patch(Reader& reader, const Field& at, const v1::LimitSpec& spec) {
  model::LimitPatch patch;
  if (spec.has_max_at_once()) {
    patch.max_at_once = reader.number({at, "max_at_once"}, spec.max_at_once(), 0U, limits::kMaxAtOnce);
  }
  if (spec.has_per_second()) {
    const bool none = spec.per_second() == 0.0;
    patch.per_second =
        none ? 0.0 : reader.fraction({at, "per_second"}, spec.per_second(), limits::kMinPerSecond, limits::kMaxPerSecond);
  }
  if (spec.has_burst()) patch.burst = reader.number({at, "burst"}, spec.burst(), 1U, limits::kMaxBurst);
  return patch;
}

void fill(const engine::StageName& name, v1::StageName& message) {
  message.set_pipeline(name.pipeline);
  message.set_stage(name.stage);
}

}  // namespace

absl::StatusOr<model::LimitSpec> limit_spec(const v1::LimitSpec& spec, const Field& at) {
  Reader reader;
  model::LimitSpec limit;
  limit.name = reader.new_name({at, "name"}, spec.name());
  limit = read_patch(reader, at, spec).applied_to(std::move(limit));
  if (!reader.ok()) return reader.status();
  return limit;
}

absl::StatusOr<model::LimitPatch> limit_patch(const v1::LimitSpec& spec, const Field& at) {
  Reader reader;
  reader.name({at, "name"}, spec.name());
  auto patch = read_patch(reader, at, spec);
  if (!reader.ok()) return reader.status();
  return patch;
}

void fill(const engine::LimitView& view, v1::Limit& message) {
  v1::LimitSpec& spec = *message.mutable_spec();
  spec.set_name(view.spec.name);
  spec.set_max_at_once(view.spec.max_at_once);
  spec.set_per_second(view.spec.per_second);
  spec.set_burst(view.spec.burst);
  message.set_in_use(view.in_use);
  for (const auto& stage : view.stages) fill(stage, *message.add_stages());
  for (const auto& stage : view.waiting) fill(stage, *message.add_waiting());
  if (view.ready) set_time(*view.ready, *message.mutable_ready_time());
}

}  // namespace sluice::wire
