// A damaged store can make the process fault: LMDB follows page numbers in a mapped file without doubt. Instead of a bare
// crash, the process then says which file it was and ends.
#pragma once

#include <filesystem>

namespace sluice::journal {

// The exit code of a process that a damaged store ended.
inline constexpr int kDamagedStoreExit = 70;

// From construction to destruction, faults end the process with kDamagedStoreExit after one line on standard error that names
// the file. One at a time in a process.
class FaultGuard {
 public:
  enum class Faults {
    kAll,           // SIGSEGV and SIGBUS: while nothing but the store is read
    kMissingPages,  // SIGBUS: the file has become shorter, or the disk cannot read it; a SIGSEGV is a fault of the program
  };
  explicit FaultGuard(const std::filesystem::path& file, Faults faults = Faults::kAll);
  ~FaultGuard();
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;
};

// The same line and end, for a damage that LMDB noticed itself.
[[noreturn]] void end_for_damage(const char* file, const char* what);

}  // namespace sluice::journal
