// What a program did to the files and names below one directory, and what a power cut leaves of it. What DiskTreeLog records.
//
// A file's content lasts once the file was synced, its name once the directory was that holds it. What was not synced may have
// arrived or not; of the names, what was done first also arrives first, as on every file system that has a journal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/disk_log.h"

namespace sluice::test {

// Paths are relative to the directory that is watched, which is "". Files have numbers, from 1 on.
struct TreeMakeDirectory {
  std::string path;
};
struct TreeCreate {
  std::string path;
  std::uint64_t file = 0;
};
struct TreeRename {
  std::string from;
  std::string to;
  std::uint64_t file = 0;
};
struct TreeWrite {
  std::uint64_t file = 0;
  DiskWrite write;
};
struct TreeSync {
  std::uint64_t file = 0;
};
struct TreeSyncDirectory {
  std::string path;
};
using TreeEvent = std::variant<TreeMakeDirectory, TreeCreate, TreeRename, TreeWrite, TreeSync, TreeSyncDirectory, DiskMark>;

// Files: their content by their path. A path that ends with a slash is an empty directory.
using Tree = std::map<std::string, std::string>;

// While it lives, records what is done to files and directories that come into being below `directory`. Of what was there
// before it only sees the names. One at a time.
class DiskTreeLog {
 public:
  explicit DiskTreeLog(const std::filesystem::path& directory);
  ~DiskTreeLog();
  DiskTreeLog(const DiskTreeLog&) = delete;
  DiskTreeLog& operator=(const DiskTreeLog&) = delete;

  void mark(std::uint64_t acknowledged);
  // Thread-safe copy.
  [[nodiscard]] std::vector<TreeEvent> events() const;
};

class TreeAfterPowerLoss {
 public:
  // Behind the first `count` events, on top of what was there before and lasts.
  TreeAfterPowerLoss(Tree before, const std::vector<TreeEvent>& events, std::size_t count);

  // How many changes of names were not synced. So many of them, or fewer, have arrived.
  [[nodiscard]] std::size_t unsynced_names() const;
  // What is there if the first `names` of them have, and of the content what `unsynced` says.
  [[nodiscard]] Tree tree(std::size_t names, Unsynced unsynced, std::mt19937_64& chance) const;

 private:
  struct Name {
    std::string path;
    std::uint64_t file = 0;  // 0: a directory
    std::string from;        // of a rename
    bool lasts = false;
  };

  void add(const TreeEvent& event);

  const Tree before_;
  std::vector<Name> names_;
  std::map<std::uint64_t, std::vector<DiskEvent>> content_;
};

// Writes the tree into `directory`, which is there and empty.
void write_tree(const Tree& tree, const std::filesystem::path& directory);

}  // namespace sluice::test
