// Kills the process groups of this process's children when this process is killed.
//
// The kernel kills a child whose parent dies, but not the child's own children. So one small process, sluice-guard, waits for
// the end of this one (a pipe that closes) and then kills every group in a table that both share. It costs no system call and
// no wake-up for a child: a group's id is a number in that table.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/handlers/process/fd.h"

namespace sluice::handlers {

// Process groups guarded at a time; more run unguarded.
inline constexpr std::size_t kMaxGuardedGroups = 16UL << 10;

// Thread-safe.
class Guard {
 public:
  // A place in the table, given back on destruction. May have none.
  class Place {
   public:
    Place() = default;
    ~Place() { reset(); }
    Place(Place&& other) noexcept : guard_(std::move(other.guard_)), group_(std::exchange(other.group_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      reset();
      guard_ = std::move(other.guard_);
      group_ = std::exchange(other.group_, nullptr);
      return *this;
    }

    // Where the group's id goes; null if there is no place.
    [[nodiscard]] std::atomic<pid_t>* group() const { return group_; }
    // From here on the group is not guarded. Call it before the group's leader is reaped: then the number is still its own.
    void reset();

   private:
    friend class Guard;
    Place(std::shared_ptr<Guard> guard, std::atomic<pid_t>* group) : guard_(std::move(guard)), group_(group) {}
    std::shared_ptr<Guard> guard_;
    std::atomic<pid_t>* group_ = nullptr;
  };

  // The process's one guard; it lives while somebody holds it. Starts nothing.
  static std::shared_ptr<Guard> shared();
  // Where the program is: beside this process's own, in ../libexec/sluice from there, or where it was installed. Empty:
  // nowhere.
  static std::string program();

  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // Starts the guard's process if this is the first call. Without a guard, or with a full table, a place without group.
  Place place();

 private:
  Guard() = default;
  void start();
  void give_back(std::atomic<pid_t>* group);

  std::mutex mutex_;
  bool started_ = false;
  std::atomic<pid_t>* table_ = nullptr;  // kMaxGuardedGroups numbers, 0 = free; null: no guard
  std::vector<std::atomic<pid_t>*> free_;
  Fd alive_;  // the pipe's end that closes with this process
  Fd pidfd_;  // of sluice-guard
  std::weak_ptr<Guard> self_;
};

}  // namespace sluice::handlers
