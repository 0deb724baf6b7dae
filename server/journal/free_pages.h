// The pages of a store's file that hold nothing.
#pragma once

#include <lmdb.h>

#include <cstddef>
#include <vector>

namespace sluice::journal {

class FreePages {
 public:
  // Those of the state that `txn` sees, and those between the file's end and `backed_bytes`. None if they cannot be read.
  FreePages(MDB_txn* txn, MDB_env* env, std::size_t backed_bytes);

  // What they hold, without those that the last commit freed: the next one may not write over them yet.
  [[nodiscard]] std::size_t bytes() const;
  // What they hold in pieces of `piece_bytes` that lie together; smaller gaps are of no use to a value of that size.
  [[nodiscard]] std::size_t bytes_in_pieces_of(std::size_t piece_bytes) const;
  // Those that the last commit freed. One more commit, and they can be used.
  [[nodiscard]] std::size_t freed_last() const { return freed_last_; }

 private:
  void read(MDB_txn* txn);

  std::size_t page_bytes_ = 0;
  std::vector<bool> free_;  // by number of the page
  std::size_t end_ = 0;     // the number of the first page behind the file's end
  std::size_t freed_last_ = 0;
};

}  // namespace sluice::journal
