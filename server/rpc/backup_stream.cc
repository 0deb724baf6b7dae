#include "server/rpc/backup_stream.h"

#include <span>
#include <string>
#include <utility>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/log/log.h"
#include "server/rpc/refusals.h"
#include "server/rpc/status.h"
#include "sluice/v1/store_service.pb.h"

namespace sluice::rpc {
namespace {

constexpr std::string_view kCancelBackup = "cancellation of a backup";
constexpr std::string_view kWritten = "written part of a backup";

}  // namespace

void BackupStream::start() {
  if (auto status = house_.backups.begin(*this); !status.ok()) refuse(status);
}

void BackupStream::refuse(const absl::Status& status) {
  log_refusal(counted_.name(), status, *context_);
  finish(status);
}

void BackupStream::finish(const absl::Status& outcome) {
  auto status = to_grpc(outcome);
  counted_.end(static_cast<absl::StatusCode>(status.error_code()));
  Finish(std::move(status));
}

void BackupStream::run() {
  const auto begin = std::chrono::steady_clock::now();
  log::info("a backup begins", {{"client", context_->peer()}});
  const absl::Status outcome = copy_and_send();
  tell_of_end(outcome, std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
  house_.backups.over();
  finish(outcome);
}

void BackupStream::tell_of_end(const absl::Status& outcome, std::chrono::microseconds took) const {
  if (outcome.ok()) {
    log::info("a backup is done", {{"client", context_->peer()}, {"bytes", sent_}, {"took_s", took}});
    return;
  }
  const auto reason = base::reason_of(outcome);
  log::warn("a backup failed",
            {{"client", context_->peer()},
             {"reason", reason ? std::string(base::info(*reason).name) : absl::StatusCodeToString(outcome.code())},
             {"error", std::string(outcome.message())},
             {"bytes", sent_},
             {"took_s", took}});
}

absl::Status BackupStream::copy_and_send() {
  auto copy = house_.runtime.back_up([this] { return wanted(); });
  if (!wanted()) return unwanted();
  return copy.ok() ? send(*copy) : copy.status();
}

absl::Status BackupStream::send(journal::BackupFile& copy) {
  v1::BackupResponse response;
  response.set_total_bytes(copy.size());
  std::string& data = *response.mutable_data();
  while (true) {
    data.resize(limits::kBackupChunkBytes);
    const auto count = copy.read(std::span(data.data(), data.size()));
    if (!count.ok()) return count.status();
    if (*count == 0) return absl::OkStatus();
    data.resize(*count);
    if (auto status = write(response); !status.ok()) return status;
    sent_ += *count;
  }
}

absl::Status BackupStream::write(const google::protobuf::MessageLite& message) {
  message_ = serialize(message);
  {
    const std::lock_guard lock(mutex_);
    under_way_ = true;
  }
  StartWrite(&message_);
  std::unique_lock lock(mutex_);
  const bool taken = changed_.wait_for(lock, limits::kBackupChunkTimeout, [this] { return !under_way_ || gone_; });
  if (under_way_) {
    // The message belongs to gRPC until it has given it back.
    lock.unlock();
    context_->TryCancel();
    lock.lock();
    changed_.wait(lock, [this] { return !under_way_; });
  }
  lock.unlock();
  if (!taken) return absl::DeadlineExceededError("the client took no part of the backup for too long");
  return wanted() ? absl::OkStatus() : unwanted();
}

bool BackupStream::wanted() {
  const std::lock_guard lock(mutex_);
  return !gone_ && !given_up_;
}

absl::Status BackupStream::unwanted() {
  const std::lock_guard lock(mutex_);
  return given_up_ ? shutting_down() : absl::CancelledError("the caller has gone");
}

void BackupStream::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

void BackupStream::OnWriteDone(bool ok) {
  const base::ReactionTimer timer(kWritten);
  const std::lock_guard lock(mutex_);
  under_way_ = false;
  if (!ok) gone_ = true;
  changed_.notify_all();
}

void BackupStream::OnCancel() {
  const base::ReactionTimer timer(kCancelBackup);
  const std::lock_guard lock(mutex_);
  gone_ = true;
  changed_.notify_all();
}

}  // namespace sluice::rpc
