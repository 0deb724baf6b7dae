#include <algorithm>
#include <span>

#include "server/admin/metrics.h"

namespace sluice::admin {

void write_limits(const std::vector<engine::LimitView>& all, Exposition& out) {
  using Type = Exposition::Type;
  const std::span<const engine::LimitView> shown(all.data(), std::min(all.size(), limits::kMaxMetricQueues));
  out.family("sluice_limits", Type::kGauge, "Named limits that there are.");
  out.value({}, std::uint64_t{all.size()});
  out.family("sluice_limit_in_use", Type::kGauge, "Items that count in the limit now.");
  for (const auto& limit : shown) out.value({{"limit", limit.spec.name}}, std::uint64_t{limit.in_use});
  out.family("sluice_limit_max_at_once", Type::kGauge, "How many may; 0 = any number.");
  for (const auto& limit : shown) out.value({{"limit", limit.spec.name}}, std::uint64_t{limit.spec.max_at_once});
  out.family("sluice_limit_waiting_stages", Type::kGauge, "Stages that have an item and a worker and wait for the limit.");
  for (const auto& limit : shown) out.value({{"limit", limit.spec.name}}, std::uint64_t{limit.waiting.size()});
}

}  // namespace sluice::admin
