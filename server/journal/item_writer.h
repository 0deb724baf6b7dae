// Puts what has changed of items into the store.
#pragma once

#include "absl/status/status.h"
#include "server/journal/item_changes.h"
#include "server/journal/lmdb_store.h"
#include "sluice/store/v1/record.pb.h"

namespace sluice::journal {

// A body up to this size lies in the record of its item's state: what is looked up, written and erased at once costs half of
// what two tables cost. A larger one has a record of its own, so that a change of state does not write the body again. Bytes.
inline constexpr std::size_t kMaxInlineBodyBytes = 256;

// For one transaction. Not thread-safe.
class ItemWriter {
 public:
  explicit ItemWriter(LmdbStore::Write& write) : write_(write) {}

  absl::Status write(const ItemChanges::Change& change);

 private:
  absl::Status erase(std::string_view key);
  // Into item_, or into the table of bodies.
  absl::Status add_body(std::string_view key, const model::Body& body);
  // Into item_, if that is where the store has it.
  absl::Status keep_body(std::string_view key);

  LmdbStore::Write& write_;
  // Reused, for what they have allocated.
  store::v1::Item item_;
  store::v1::Item stored_;
  store::v1::Body body_;
};

}  // namespace sluice::journal
