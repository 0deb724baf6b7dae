// The name under which the simulation knows an item: what its body says. Payloads are unique; the items of a schedule differ by
// their attributes.
#pragma once

#include <string>

#include "server/base/clock.h"
#include "server/model/item.h"

namespace sluice::sim {

// As long as the body is large.
[[nodiscard]] std::string name_of(const model::Body& body);
// Of the item that a schedule puts at this tick.
[[nodiscard]] std::string name_of_tick(const std::string& schedule, base::Time tick);
// What each of its items has besides.
[[nodiscard]] model::BodyPtr body_of_ticks();

}  // namespace sluice::sim
