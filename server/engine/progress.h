// What the holders of items say of them.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Of a leased item; it takes the place of what was said before.
void report(Step& step, Item& item, model::Progress progress);
// The item is leased no more.
void forget_progress(Item& item);

}  // namespace sluice::engine
