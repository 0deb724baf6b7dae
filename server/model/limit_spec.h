// A named limit: how much of something the stages that name it may use together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::model {

// At least one of the two bounds is set.
struct LimitSpec {
  std::string name;
  // Items that the stages' workers may be at, all stages together. 0: any number.
  std::uint32_t max_at_once = 0;
  // Items a second that may be handed out to the stages' workers, all stages together. 0: any number.
  double per_second = 0.0;
  // How many of them may come at once after a pause. At least 1.
  std::uint32_t burst = 1;

  bool operator==(const LimitSpec&) const = default;
};

// A change of it: what is absent stays.
struct LimitPatch {
  std::optional<std::uint32_t> max_at_once;
  std::optional<double> per_second;
  std::optional<std::uint32_t> burst;

  [[nodiscard]] LimitSpec applied_to(LimitSpec spec) const {
    spec.max_at_once = max_at_once.value_or(spec.max_at_once);
    spec.per_second = per_second.value_or(spec.per_second);
    spec.burst = burst.value_or(spec.burst);
    return spec;
  }
};

}  // namespace sluice::model
