// What room a store has: in its own size, on the disk, and inside its file.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "server/base/limits.h"
#include "server/journal/free_pages.h"
#include "server/journal/lmdb_store.h"
#include "server/journal/lmdb_values.h"

namespace sluice::journal {
namespace {

// Pages that a commit frees whatever it changes; fewer than this are not worth a commit to use them.
constexpr std::size_t kFewPages = 64;
// Keys, frames and the heads of pages around the largest payload and attributes.
constexpr std::size_t kAroundABody = 16UL << 10;

std::size_t reserve_of(std::size_t max_bytes) {
  return std::clamp(max_bytes / 8, limits::kMinStoreReserveBytes, limits::kMaxStoreReserveBytes);
}

std::size_t largest_body() { return limits::kMaxPayloadBytes + limits::kMaxAttributeBytes + kAroundABody; }

bool is_full(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace

void LmdbStore::count_pages(MDB_txn* txn) {
  std::size_t pages = 0;
  std::size_t page_bytes = 0;
  for (std::size_t i = 1; i <= kTables; ++i) {
    MDB_stat stat;
    if (tables_.at(i) == kNoTable) continue;
    if (mdb_stat(txn, tables_.at(i), &stat) != 0) continue;
    pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    page_bytes = stat.ms_psize;
  }
  used_bytes_ = pages * page_bytes;
}

int LmdbStore::back(std::size_t bytes) {
  if (bytes <= backed_bytes_) return 0;
  int fd = -1;
  mdb_env_get_fd(env_, &fd);
  // Only what is new: some file systems give up all that they were asked for when a part of it fails.
  if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(backed_bytes_), static_cast<off_t>(bytes - backed_bytes_)) != 0)
    return errno;
  backed_bytes_ = bytes;
  return 0;
}

void LmdbStore::set_aside(std::size_t length) {
  const std::size_t reserve = reserve_of(max_bytes_);
  const std::size_t wanted = std::min(length + reserve, max_bytes_);
  if (wanted <= backed_bytes_) {
    disk_full_ = false;
    return;
  }
  // Half as much again each time, so that this is rare.
  int error = back(std::min(length + 2 * reserve, max_bytes_));
  if (is_full(error)) error = back(wanted);
  disk_full_ = is_full(error);
  if (disk_full_) {
    back_what_is_there(length, wanted);
  } else if (error != 0) {
    backed_bytes_ = max_bytes_;  // a file system that cannot do it
  }
}

void LmdbStore::back_what_is_there(std::size_t length, std::size_t wanted) {
  int fd = -1;
  mdb_env_get_fd(env_, &fd);
  struct stat file {};
  if (::fstat(fd, &file) != 0 || back(std::min(static_cast<std::size_t>(file.st_blocks) * 512, wanted)) != 0) back(length);
}

std::size_t LmdbStore::length() const {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  return (info.me_last_pgno + 1) * stat.ms_psize;
}

void LmdbStore::count_room(bool anew) {
  const std::size_t reserve = reserve_of(max_bytes_);
  const std::size_t length = this->length();
  set_aside(length);
  if (!disk_full_ && length + reserve <= max_bytes_) {
    room_bytes_ = max_bytes_ - std::min(used_bytes_.load(), max_bytes_);
    counted_room_.reset();
    return;
  }
  // Counting takes as long as there are free pages, so what was counted serves until much of it may be used up, or somebody
  // asks.
  const bool enough = counted_room_ && *counted_room_ >= reserve;
  if (anew || !counted_room_ || (enough && written_bytes_ > (*counted_room_ - reserve) / 4)) {
    counted_room_ = room_inside();
    written_bytes_ = 0;
  }
  room_bytes_ = *counted_room_ - std::min(*counted_room_, written_bytes_);
}

std::size_t LmdbStore::room_inside() {
  const Read read(env_);
  if (read.error() != 0) {
    counted_at_ = {};
    return 0;
  }
  // Everybody who is refused asks, however often. The answer changes with a commit, or with what the disk gives.
  const CountedAt here{.transaction = mdb_txn_id(read.txn()), .backed_bytes = backed_bytes_};
  if (counted_room_ && counted_at_ == here) return *counted_room_;
  counted_at_ = here;
  const FreePages free(read.txn(), env_, backed_bytes_);
  freed_last_ = free.freed_last();
  // A large body must lie in one piece. So beyond the reserve, what leaves a piece for one counts.
  const std::size_t reserve = reserve_of(max_bytes_);
  const std::size_t piece = std::min(reserve, largest_body());
  const std::size_t in_pieces = free.bytes_in_pieces_of(piece);
  return in_pieces < piece ? 0 : std::min(free.bytes(), reserve + in_pieces - piece);
}

absl::Status LmdbStore::look_for_room() {
  count_room(true);
  const bool enough = !counted_room_ || *counted_room_ >= reserve_of(max_bytes_);
  if (enough || freed_last_ <= kFewPages) return absl::OkStatus();
  // Nothing else may be committed while puts are refused.
  Write write(*this);
  if (auto status = write.begin(); !status.ok()) return status;
  if (auto status = write.commit(); !status.ok()) return status;
  count_room(true);
  return absl::OkStatus();
}

StoreUsage LmdbStore::usage() const {
  return {
      .used_bytes = used_bytes_, .room_bytes = room_bytes_, .max_bytes = max_bytes_, .reserve_bytes = reserve_of(max_bytes_)};
}

}  // namespace sluice::journal
