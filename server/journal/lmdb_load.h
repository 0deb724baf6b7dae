// Reads a whole store: what a journal loads.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "server/journal/lmdb_store.h"
#include "server/model/record.h"

namespace sluice::journal {

// Journal::load for a store. Every record is checked, and in the end the whole.
absl::Status load_store(const LmdbStore& store, const std::function<void(model::Record&&)>& each);

}  // namespace sluice::journal
