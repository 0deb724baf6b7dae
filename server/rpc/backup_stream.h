// A backup on its way to a client.
#pragma once

#include <condition_variable>
#include <mutex>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/journal/backup_file.h"
#include "server/rpc/backups.h"
#include "server/rpc/call.h"

namespace sluice::rpc {

// Owns itself, like a Call. One part is under way at a time, so a slow client costs no memory; one that takes nothing for
// limits::kBackupChunkTimeout is let go.
class BackupStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public Backup {
 public:
  BackupStream(Method method, grpc::CallbackServerContext* context, House& house)
      : counted_(house.counts, method), context_(context), house_(house) {}

  // Once: either of them.
  void start();
  void refuse(const absl::Status& status);

  void run() override;
  void give_up() override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  ~BackupStream() override = default;

  void finish(const absl::Status& outcome);
  void tell_of_end(const absl::Status& outcome, std::chrono::microseconds took) const;
  [[nodiscard]] bool wanted();
  absl::Status copy_and_send();
  absl::Status send(journal::BackupFile& copy);
  // Waits until the client has taken the message.
  absl::Status write(const google::protobuf::MessageLite& message);
  // Why it is not wanted any more.
  [[nodiscard]] absl::Status unwanted();

  CountedCall counted_;
  grpc::CallbackServerContext* const context_;
  House& house_;
  grpc::ByteBuffer message_;  // under way
  std::uint64_t sent_ = 0;    // bytes that the client has taken

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by it.
  bool under_way_ = false;
  bool gone_ = false;      // nobody reads any more
  bool given_up_ = false;  // the server goes down
};

}  // namespace sluice::rpc
