#include "server/model/schedule.h"

#include <memory>
#include <utility>

namespace sluice::model {

ScheduleSpec patched(ScheduleSpec spec, const SchedulePatch& patch) {
  if (patch.queue) spec.queue = *patch.queue;
  if (patch.cron) {
    spec.cron = *patch.cron;
    if (!spec.cron.empty()) spec.every = base::Duration::zero();
  }
  if (patch.every) {
    spec.every = *patch.every;
    const bool takes_place = spec.every > base::Duration::zero();
    if (takes_place && !patch.cron) spec.cron.clear();
    if (takes_place) spec.time_zone.clear();
  }
  if (patch.time_zone) spec.time_zone = *patch.time_zone;
  if (patch.payload || patch.attributes) {
    Body body = *spec.body;
    if (patch.payload) body.payload = *patch.payload;
    if (patch.attributes) body.attributes = *patch.attributes;
    spec.body = std::make_shared<const Body>(std::move(body));
  }
  if (patch.priority) spec.priority = *patch.priority;
  if (patch.catch_up) spec.catch_up = *patch.catch_up;
  return spec;
}

}  // namespace sluice::model
