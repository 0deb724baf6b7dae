// What a program did to one file, seen below the program: the write and sync calls of this test binary are interposed.
//
// A DiskLog records every write and sync, so that a test can build the file as it would be after a power cut at any
// moment: with what was synced, and with none, some or torn parts of what was not. A DiskFault makes the n-th call fail. A
// HeldSync lets none go on. A FullDisk has no more blocks to give.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace sluice::test {

struct DiskWrite {
  std::int64_t offset = 0;
  std::string bytes;
  bool synced_at_once = false;  // through a descriptor opened with O_DSYNC
};
struct DiskSync {};
// Set by the test: what the program has acknowledged up to here.
struct DiskMark {
  std::uint64_t acknowledged = 0;
};
using DiskEvent = std::variant<DiskWrite, DiskSync, DiskMark>;

// While it lives, records what is done to the file of this name in `directory`. One at a time.
class DiskLog {
 public:
  DiskLog(const std::filesystem::path& directory, std::string name);
  ~DiskLog();
  DiskLog(const DiskLog&) = delete;
  DiskLog& operator=(const DiskLog&) = delete;

  void mark(std::uint64_t acknowledged);
  // Thread-safe copy.
  [[nodiscard]] std::vector<DiskEvent> events() const;
};

// What becomes of writes that were not synced when the power went.
enum class Unsynced {
  kDropped,  // none arrived
  kSome,     // each arrived or not, by chance
  kTorn,     // each sector of 512 bytes arrived or not, by chance
};

// The file, which was `image` when the log began, after a power cut behind the first `count` events. With `honour_syncs` false
// every sync is taken for a lie.
[[nodiscard]] std::string after_power_loss(std::string image, const std::vector<DiskEvent>& events, std::size_t count,
                                           Unsynced unsynced, bool honour_syncs, std::mt19937_64& chance);

// Which calls count, and what the failing one says.
enum class DiskCall { kWrite, kSync, kOpen, kSetAside, kRename, kRead };

// Instead of an error: the process ends at that call as by kill -9, before anything of the call is done.
inline constexpr int kKilled = -1;

// While it lives, the n-th (from 1) call of that kind on files in `directory` fails with `error`, and all later ones of that
// kind if `forever`.
class DiskFault {
 public:
  DiskFault(const std::filesystem::path& directory, DiskCall call, std::uint64_t n, int error, bool forever);
  ~DiskFault();
  DiskFault(const DiskFault&) = delete;
  DiskFault& operator=(const DiskFault&) = delete;
  // Whether the n-th call came.
  [[nodiscard]] bool happened() const;
};

// While it lives, no sync of a file in `directory` goes on. One at a time.
class HeldSync {
 public:
  explicit HeldSync(const std::filesystem::path& directory);
  ~HeldSync();
  HeldSync(const HeldSync&) = delete;
  HeldSync& operator=(const HeldSync&) = delete;
  // Waits until somebody has come to a sync; false if nobody does.
  [[nodiscard]] bool wait_for_sync();
};

// While it lives, the disk has no free blocks for files in `directory`: what they have they can write to, and nothing else.
class FullDisk {
 public:
  explicit FullDisk(const std::filesystem::path& directory);
  ~FullDisk();
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
};

}  // namespace sluice::test
