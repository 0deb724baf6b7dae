// From one store to another, record by record.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "server/journal/fresh_store.h"
#include "server/journal/lmdb_store.h"

namespace sluice::journal {

// Copies what is committed in `from` when it is called, without the holes, and finishes `to`. Every record is checked on its
// way, and in the end the whole: STORE_DAMAGED if anything is damaged. `go_on` is asked often; once it says false the copy ends
// with CANCELLED.
absl::Status copy_store(const LmdbStore& from, FreshStore& to, const std::function<bool()>& go_on);

}  // namespace sluice::journal
