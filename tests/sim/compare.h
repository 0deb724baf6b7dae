// What can be seen of the engine, compared with the reference. Each throws Mismatch.
#pragma once

#include <string>
#include <unordered_map>

#include "server/engine/engine.h"
#include "tests/engine/record_store.h"
#include "tests/sim/reference.h"

namespace sluice::sim {

using ItemIds = std::unordered_map<std::string, model::ItemId>;

// Views, items in their order, and what must hold of them whatever the reference says. Bodies that are not in the engine must
// be in the records.
void compare_state(const engine::Engine& engine, const engine::testing::RecordStore& store, const Reference& reference);
// The records, as a journal would keep them.
void compare_records(const engine::testing::RecordStore& store, const Reference& reference, const ItemIds& ids);
void compare_schedules(const engine::Engine& engine, const Reference& reference);
void compare_replies(std::vector<Reply> engine, std::vector<Reply> reference);

}  // namespace sluice::sim
