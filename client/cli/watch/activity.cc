#include "client/cli/watch/activity.h"

#include <algorithm>
#include <array>
#include <map>

#include "client/src/convert.h"

namespace sluice::cli {
namespace {

constexpr std::array<std::string_view, 6> kSortNames = {"name", "depth", "put", "done", "failed", "oldest"};

using StageKey = std::pair<std::string, std::string>;  // pipeline and stage

// The look before, by name.
class Before {
 public:
  Before(const Look* before, const Look& now) {
    if (before == nullptr) return;
    seconds_ = std::chrono::duration<double>(now.at - before->at).count();
    for (const v1::Queue& queue : before->queues) queues_[queue.name()] = &queue;
    for (const v1::Pipeline& pipeline : before->pipelines) {
      for (const v1::Stage& stage : pipeline.stages()) stages_[{pipeline.name(), stage.spec().name()}] = &stage;
    }
  }

  [[nodiscard]] const v1::Queue* same(const v1::Queue& queue) const {
    const auto found = queues_.find(queue.name());
    if (found == queues_.end()) return nullptr;
    const auto& then = found->second->create_time();
    const bool is_same = then.seconds() == queue.create_time().seconds() && then.nanos() == queue.create_time().nanos();
    return is_same ? found->second : nullptr;
  }
  [[nodiscard]] const v1::Stage* same(const StageKey& key) const {
    const auto found = stages_.find(key);
    return found == stages_.end() ? nullptr : found->second;
  }
  [[nodiscard]] Rate rate(std::uint64_t then, std::uint64_t now) const {
    if (seconds_ <= 0 || now < then) return std::nullopt;
    return static_cast<double>(now - then) / seconds_;
  }

 private:
  double seconds_ = 0;
  std::map<std::string, const v1::Queue*> queues_;
  std::map<StageKey, const v1::Stage*> stages_;
};

StageActivity stage_activity(const Before& before, const std::string& pipeline, const v1::Stage& stage) {
  StageActivity activity{.pipeline = pipeline,
                         .name = stage.spec().name(),
                         .state = stage.state(),
                         .workers = stage.workers(),
                         .busy = stage.busy_workers(),
                         .done = {},
                         .failed = {}};
  if (const v1::Stage* then = before.same(StageKey(pipeline, stage.spec().name()))) {
    activity.done = before.rate(then->succeeded(), stage.succeeded());
    activity.failed = before.rate(then->failed(), stage.failed());
  }
  return activity;
}

void add_stall(QueueActivity& activity, const v1::Stall& stall) {
  auto& stalls = activity.stalls;
  if (std::find(stalls.begin(), stalls.end(), stall.message()) == stalls.end()) stalls.push_back(stall.message());
}

QueueActivity queue_activity(const Before& before, v1::Queue&& queue) {
  QueueActivity activity;
  if (const v1::Queue* then = before.same(queue)) {
    activity.put = before.rate(then->counters().put(), queue.counters().put());
    activity.done = before.rate(then->counters().done(), queue.counters().done());
    activity.failed = before.rate(then->counters().failed(), queue.counters().failed());
  }
  for (const v1::Stall& stall : queue.stalls()) add_stall(activity, stall);
  activity.queue = std::move(queue);
  return activity;
}

double weight(const QueueActivity& activity, SortKey key) {
  switch (key) {
    case SortKey::kByName:
      return 0;
    case SortKey::kByDepth:
      return static_cast<double>(activity.depth());
    case SortKey::kByPut:
      return activity.put.value_or(0);
    case SortKey::kByDone:
      return activity.done.value_or(0);
    case SortKey::kByFailed:
      return activity.failed.value_or(0);
    case SortKey::kByOldest:
      return static_cast<double>(internal::from_proto(activity.queue.oldest_age()).count());
  }
  return 0;
}

}  // namespace

Activity activity(const Look* before, Look now) {
  const Before then(before, now);
  Activity all;
  all.time = now.time;
  if (before != nullptr) all.span = std::chrono::duration_cast<Duration>(now.at - before->at);
  std::map<std::string, QueueActivity*> by_name;
  all.queues.reserve(now.queues.size());
  for (v1::Queue& queue : now.queues) {
    all.queues.push_back(queue_activity(then, std::move(queue)));
    by_name[all.queues.back().queue.name()] = &all.queues.back();
  }
  for (const v1::Pipeline& pipeline : now.pipelines) {
    for (const v1::Stage& stage : pipeline.stages()) {
      const auto input = by_name.find(stage.spec().input());
      if (input != by_name.end()) input->second->stages.push_back(stage_activity(then, pipeline.name(), stage));
    }
    for (const v1::Stall& stall : pipeline.stalls()) {
      const auto queue = by_name.find(stall.queue());
      if (queue != by_name.end()) add_stall(*queue->second, stall);
    }
  }
  return all;
}

std::string_view sort_name(SortKey key) { return kSortNames.at(static_cast<std::size_t>(key)); }

std::optional<SortKey> sort_key(std::string_view name) {
  const auto* const found = std::find(kSortNames.begin(), kSortNames.end(), name);
  if (found == kSortNames.end()) return std::nullopt;
  return static_cast<SortKey>(found - kSortNames.begin());
}

SortKey next(SortKey key) { return static_cast<SortKey>((static_cast<std::size_t>(key) + 1) % kSortNames.size()); }

void sort(std::vector<QueueActivity>& queues, SortKey key, bool reversed) {
  std::stable_sort(queues.begin(), queues.end(), [key, reversed](const QueueActivity& left, const QueueActivity& right) {
    const QueueActivity& first = reversed ? right : left;
    const QueueActivity& second = reversed ? left : right;
    if (key == SortKey::kByName) return first.queue.name() < second.queue.name();
    return weight(first, key) > weight(second, key);
  });
}

}  // namespace sluice::cli
