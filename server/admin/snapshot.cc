#include "server/admin/snapshot.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::admin {
namespace {

using engine::Effects;
using engine::Engine;
using engine::PipelineView;
using engine::QueueView;

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
// A pipeline has up to 100 stages and twice as many queues.
constexpr std::size_t kPipelinesAtOnce = 4;

PipelineSeen with_stages(const runtime::Runtime& runtime, PipelineView&& view) {
  PipelineSeen seen{std::move(view), {}};
  for (const auto& stage : seen.view.stages) seen.stages.push_back(runtime.stage_status(seen.view.name, stage.spec.name));
  return seen;
}

// All of what is listed by name: `page(engine, now, after)` gives those after a name.
template <class View, class Page>
std::vector<View> see_all(runtime::Runtime& runtime, Page page) {
  std::vector<View> all;
  std::vector<View> some;
  do {
    const std::string after = all.empty() ? std::string() : all.back().spec.name;
    runtime.apply([&](const Engine& engine, base::Time now, Effects&) { some = page(engine, now, after); });
    std::ranges::move(some, std::back_inserter(all));
  } while (some.size() == limits::kSnapshotPage);
  return all;
}

}  // namespace

std::vector<engine::LimitView> see_limits(runtime::Runtime& runtime) {
  return see_all<engine::LimitView>(runtime, [](const Engine& engine, base::Time now, const std::string& after) {
    return engine.list_limits(now, after, limits::kSnapshotPage);
  });
}

std::vector<engine::ScheduleView> see_schedules(runtime::Runtime& runtime) {
  return see_all<engine::ScheduleView>(runtime, [](const Engine& engine, base::Time, const std::string& after) {
    return engine.list_schedules(after, limits::kSnapshotPage);
  });
}

std::vector<QueueView> see_queues(runtime::Runtime& runtime, std::string_view prefix, std::string after, std::size_t limit) {
  std::vector<QueueView> all;
  while (all.size() < limit) {
    const std::size_t wanted = std::min(limits::kSnapshotPage, limit - all.size());
    std::vector<QueueView> page;
    runtime.apply([&](Engine& engine, base::Time now, Effects&) { page = engine.list_queues(now, prefix, after, wanted); });
    const bool last = page.size() < wanted;
    if (!page.empty()) after = page.back().name;
    std::ranges::move(page, std::back_inserter(all));
    if (last) break;
  }
  return all;
}

std::vector<PipelineSeen> see_pipelines(runtime::Runtime& runtime, std::string after, std::size_t limit) {
  std::vector<PipelineSeen> all;
  while (all.size() < limit) {
    const std::size_t wanted = std::min(kPipelinesAtOnce, limit - all.size());
    std::vector<PipelineView> page;
    runtime.apply([&](Engine& engine, base::Time now, Effects&) { page = engine.list_pipelines(now, after, wanted); });
    const bool last = page.size() < wanted;
    if (!page.empty()) after = page.back().name;
    for (PipelineView& view : page) all.push_back(with_stages(runtime, std::move(view)));
    if (last) break;
  }
  return all;
}

std::vector<QueueView> see_queues(runtime::Runtime& runtime) { return see_queues(runtime, {}, {}, kAll); }

std::vector<PipelineSeen> see_pipelines(runtime::Runtime& runtime) { return see_pipelines(runtime, {}, kAll); }

absl::StatusOr<QueueView> see_queue(runtime::Runtime& runtime, std::string_view name) {
  absl::StatusOr<QueueView> view;
  runtime.apply([&](Engine& engine, base::Time now, Effects&) { view = engine.queue(now, name); });
  return view;
}

absl::StatusOr<PipelineSeen> see_pipeline(runtime::Runtime& runtime, std::string_view name) {
  absl::StatusOr<PipelineView> view;
  runtime.apply([&](Engine& engine, base::Time now, Effects&) { view = engine.pipeline(now, name); });
  if (!view.ok()) return view.status();
  return with_stages(runtime, *std::move(view));
}

}  // namespace sluice::admin
