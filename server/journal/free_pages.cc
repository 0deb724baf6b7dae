#include "server/journal/free_pages.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace sluice::journal {
namespace {

// LMDB's own table of free pages: under the number of the transaction that freed them, how many they are, and their numbers.
constexpr MDB_dbi kFreePagesTable = 0;

// Nothing in a page says how its values are aligned.
std::size_t number_at(const MDB_val& value, std::size_t index) {
  std::size_t number = 0;
  if ((index + 1) * sizeof number > value.mv_size) return 0;
  std::memcpy(&number, static_cast<const char*>(value.mv_data) + index * sizeof number, sizeof number);
  return number;
}

}  // namespace

FreePages::FreePages(MDB_txn* txn, MDB_env* env, std::size_t backed_bytes) {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env, &info);
  mdb_env_stat(env, &stat);
  page_bytes_ = stat.ms_psize;
  end_ = info.me_last_pgno + 1;
  free_.assign(end_, false);
  // LMDB leaves the last one alone.
  const std::size_t usable = backed_bytes / page_bytes_ - std::min<std::size_t>(backed_bytes / page_bytes_, 1);
  if (usable > free_.size()) free_.resize(usable, true);
  read(txn);
}

void FreePages::read(MDB_txn* txn) {
  MDB_cursor* opened = nullptr;
  if (mdb_cursor_open(txn, kFreePagesTable, &opened) != 0) return;
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor(opened, mdb_cursor_close);
  MDB_val key;
  MDB_val value;
  while (mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT) == 0) {
    const std::size_t count = number_at(value, 0);
    if (number_at(key, 0) >= mdb_txn_id(txn)) {
      freed_last_ += count;
      continue;
    }
    for (std::size_t i = 1; i <= count; ++i) {
      const std::size_t page = number_at(value, i);
      if (page < free_.size()) free_[page] = true;
    }
  }
}

std::size_t FreePages::bytes() const {
  return static_cast<std::size_t>(std::count(free_.begin(), free_.end(), true)) * page_bytes_;
}

std::size_t FreePages::bytes_in_pieces_of(std::size_t piece_bytes) const {
  const std::size_t piece = (piece_bytes + page_bytes_ - 1) / page_bytes_;
  std::size_t pieces = 0;
  std::size_t run = 0;
  for (std::size_t page = 0; page < free_.size(); ++page) {
    // LMDB takes no piece that begins before the end and goes on behind it.
    if (page == end_) run = 0;
    run = free_[page] ? run + 1 : 0;
    if (run < piece) continue;
    ++pieces;
    run = 0;
  }
  return pieces * piece * page_bytes_;
}

}  // namespace sluice::journal
