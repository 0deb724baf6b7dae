#include "server/journal/offline.h"

#include <fmt/format.h>

#include "server/journal/directory_lock.h"
#include "server/journal/fresh_store.h"
#include "server/journal/lmdb_load.h"
#include "server/journal/lmdb_values.h"
#include "server/journal/store_copy.h"

namespace sluice::journal {
namespace {

namespace fs = std::filesystem;

fs::path store_in(const fs::path& directory) { return directory / "data.mdb"; }

absl::Status check_all(const fs::path& file, const MakeCheck& make_check) {
  auto store = LmdbStore::open_read_only(file);
  if (!store.ok()) return store.status();
  const Check check = make_check();
  absl::Status misfit;
  auto status = load_store(**store, [&](model::Record&& record) {
    if (misfit.ok()) misfit = check(std::move(record));
  });
  if (!status.ok() || misfit.ok()) return status;
  return store_damaged(file, std::string(misfit.message()));
}

// Copies the store in `from` into `directory`, whose lock is held, and puts it in the place of what is there.
absl::Status replace_by_copy_of(const fs::path& from, const fs::path& directory, std::size_t max_bytes,
                                const MakeCheck& make_check) {
  const fs::path aside = directory / kCopyDirectory;
  {
    auto source = LmdbStore::open_read_only(from);
    if (!source.ok()) return source.status();
    auto copy = FreshStore::create(aside, max_bytes);
    if (!copy.ok()) return copy.status();
    if (auto status = copy_store(**source, **copy, [] { return true; }); !status.ok()) return status;
  }
  if (auto status = check_all(store_in(aside), make_check); !status.ok()) return status;
  std::error_code error;
  fs::rename(store_in(aside), store_in(directory), error);
  if (error) return store_error(store_in(directory), error.value(), "replace");
  return sync_directory(directory);
}

// The same without a trace of what failed.
absl::Status replace_cleanly(const fs::path& from, const fs::path& directory, std::size_t max_bytes,
                             const MakeCheck& make_check) {
  auto status = replace_by_copy_of(from, directory, max_bytes, make_check);
  std::error_code ignored;
  fs::remove_all(directory / kCopyDirectory, ignored);
  return status;
}

// What cannot be read may be worth something to somebody.
bool holds_anything(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(store_in(directory), error)) return static_cast<bool>(error);
  const auto store = LmdbStore::open_read_only(store_in(directory));
  if (!store.ok()) return !absl::IsFailedPrecondition(store.status());
  LmdbStore::Snapshot snapshot(**store);
  if (!snapshot.begin().ok()) return true;
  for (const Table table : {Table::kQueues, Table::kItems, Table::kPipelines, Table::kJobs}) {
    if (snapshot.count(table).value_or(1) > 0) return true;
  }
  return false;
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

}  // namespace

absl::StatusOr<Inspection> inspect_directory(const fs::path& directory) {
  const auto lock = DirectoryLock::share(directory);
  if (!lock.ok()) return lock.status();
  const auto store = LmdbStore::open_read_only(store_in(directory));
  if (!store.ok()) return store.status();
  return inspect(**store);
}

absl::StatusOr<Sizes> compact_directory(const fs::path& directory, std::size_t max_bytes, const MakeCheck& make_check) {
  std::error_code error;
  if (!fs::exists(store_in(directory), error)) return store_error(store_in(directory), ENOENT, "compact");
  const auto lock = DirectoryLock::own(directory);
  if (!lock.ok()) return lock.status();
  Sizes sizes{.before = size_of(store_in(directory))};
  if (auto status = replace_cleanly(store_in(directory), directory, max_bytes, make_check); !status.ok()) return status;
  sizes.after = size_of(store_in(directory));
  return sizes;
}

absl::Status restore_directory(const fs::path& backup, const fs::path& directory, std::size_t max_bytes, bool overwrite,
                               const MakeCheck& make_check) {
  if (auto status = check_all(backup, make_check); !status.ok()) return status;
  const auto lock = DirectoryLock::own(directory);
  if (!lock.ok()) return lock.status();
  if (!overwrite && holds_anything(directory)) {
    return absl::FailedPreconditionError(
        fmt::format("{}: the directory holds a store with something in it; give --overwrite to "
                    "replace it, or restore into another directory",
                    directory.string()));
  }
  return replace_cleanly(backup, directory, max_bytes, make_check);
}

}  // namespace sluice::journal
