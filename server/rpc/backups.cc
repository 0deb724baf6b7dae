#include "server/rpc/backups.h"

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/rpc/waiting_calls.h"

namespace sluice::rpc {

static_assert(limits::kMaxBackups == 1, "there is room for one");

Backups::~Backups() {
  refuse_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status Backups::begin(Backup& backup) {
  const std::lock_guard lock(mutex_);
  if (refusing_) return shutting_down();
  if (present_ != nullptr) {
    return base::error(base::Reason::kLimitReached, "another backup is under way; try again when it is done");
  }
  // Of the one before, which only has to say goodbye.
  if (thread_.joinable()) thread_.join();
  present_ = &backup;
  thread_ = std::thread([&backup] { backup.run(); });
  return absl::OkStatus();
}

void Backups::over() {
  const std::lock_guard lock(mutex_);
  present_ = nullptr;
}

void Backups::refuse_all() {
  const std::lock_guard lock(mutex_);
  refusing_ = true;
  if (present_ != nullptr) present_->give_up();
}

}  // namespace sluice::rpc
