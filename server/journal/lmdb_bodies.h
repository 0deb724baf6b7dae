// Reading the bodies of some items back from a store.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/journal/lmdb_store.h"
#include "server/model/item.h"

namespace sluice::journal {

// As Journal::read_bodies. Thread-safe.
absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const LmdbStore& store, const std::vector<model::ItemId>& ids);

}  // namespace sluice::journal
