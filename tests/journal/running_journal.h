// An LMDB journal that runs, with a way to wait for its commits.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "server/base/limits.h"
#include "server/journal/lmdb.h"

namespace sluice::journal {

class RunningJournal {
 public:
  // Opens, loads and starts; status() says how that went.
  explicit RunningJournal(const std::filesystem::path& directory);
  ~RunningJournal();
  RunningJournal(const RunningJournal&) = delete;
  RunningJournal& operator=(const RunningJournal&) = delete;

  [[nodiscard]] absl::Status status() const;
  // Only if it could be opened.
  [[nodiscard]] LmdbJournal& journal() { return *journal_; }
  // Appends, and waits until that is committed (true) or the journal has failed (false).
  bool append_and_wait(std::vector<model::Record> records);
  // Appends without waiting.
  Position append(std::vector<model::Record> records);
  bool wait_for(Position position);
  [[nodiscard]] Position committed() const;
  // How many appends one commit had at most.
  [[nodiscard]] Position largest_group() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  absl::Status status_;
  Position committed_ = 0;
  Position largest_group_ = 0;
  std::unique_ptr<LmdbJournal> journal_;
};

}  // namespace sluice::journal
