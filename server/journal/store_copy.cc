#include "server/journal/store_copy.h"

#include "server/journal/lmdb_values.h"

namespace sluice::journal {
namespace {

// How many records go by between two questions whether to go on.
constexpr std::uint64_t kRecordsAQuestion = 256;

}  // namespace

absl::Status copy_store(const LmdbStore& from, FreshStore& to, const std::function<bool()>& go_on) {
  LmdbStore::Snapshot snapshot(from);
  if (auto status = snapshot.begin(); !status.ok()) return status;
  std::uint64_t checksums = 0;
  std::uint64_t records = 0;
  for (const Table table : kAllTables) {
    LmdbStore::Reader reader(snapshot, table);
    while (true) {
      const auto more = reader.next();
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (records++ % kRecordsAQuestion == 0 && !go_on()) return absl::CancelledError("the copy was given up");
      absl::Status status = reader.check();
      if (status.ok()) status = to.append(table, reader.key(), reader.value());
      if (!status.ok()) return status;
    }
    checksums ^= reader.checksums();
  }
  if (auto status = snapshot.check_digest(checksums); !status.ok()) return status;
  return to.finish();
}

}  // namespace sluice::journal
