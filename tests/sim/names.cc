#include "tests/sim/names.h"

#include <algorithm>
#include <memory>

#include "absl/time/time.h"

namespace sluice::sim {

std::string name_of(const model::Body& body) {
  std::string name = body.payload;
  for (const auto& [key, value] : body.attributes) name += key + value;
  return name;
}

model::BodyPtr body_of_ticks() {
  return std::make_shared<const model::Body>(model::Body{.payload = "tick", .attributes = {{"t", "own"}}});
}

std::string name_of_tick(const std::string& schedule, base::Time tick) {
  model::Body body = *body_of_ticks();
  const absl::Time time = absl::FromUnixMicros(tick.time_since_epoch().count());
  body.attributes.emplace_back("sluice-schedule", schedule);
  body.attributes.emplace_back("sluice-tick", absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()));
  std::ranges::sort(body.attributes);
  return name_of(body);
}

}  // namespace sluice::sim
