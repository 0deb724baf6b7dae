// StoreService/Backup, with a journal whose copying a test holds.
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include "server/base/limits.h"
#include "sluice/v1/store_service.grpc.pb.h"
#include "tests/rpc/fixture.h"
#include "tests/support/temp_dir.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Makes backups of a given content; while it is held, a copy is never done.
class CopyingJournal final : public journal::Journal {
 public:
  explicit CopyingJournal(std::string content, bool held) : content_(std::move(content)), held_(held) {}

  absl::Status load(const std::function<void(model::Record&&)>& each) override { return inner_.load(each); }
  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override {
    return inner_.start(std::move(on_committed), std::move(on_failed));
  }
  journal::Position append(std::vector<model::Record>& records) override { return inner_.append(records); }
  void stop() override { inner_.stop(); }

  absl::StatusOr<journal::BackupFile> back_up(const std::function<bool()>& go_on) override {
    {
      const std::lock_guard lock(mutex_);
      copying_ = true;
      changed_.notify_all();
    }
    while (held_ && go_on()) std::this_thread::yield();
    if (!go_on()) return absl::CancelledError("given up");
    std::ofstream(directory_.path() / "copy", std::ios::binary) << content_;
    return journal::BackupFile::take(directory_.path() / "copy");
  }

  void wait_until_copying() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return copying_; }));
  }

 private:
  const std::string content_;
  const bool held_;
  journal::MemoryJournal inner_;
  test::TempDir directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool copying_ = false;
};

// Reads a backup to its end.
struct Received {
  std::string content;
  std::uint64_t total_bytes = 0;
  std::size_t messages = 0;
  grpc::Status status;
};

class BackupClient {
 public:
  explicit BackupClient(const TestServer& server) : stub_(v1::StoreService::NewStub(server.new_channel())) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
  }
  grpc::ClientContext& context() { return context_; }
  Received receive() {
    Received received;
    const auto reader = stub_->Backup(&context_, {});
    for (v1::BackupResponse message; reader->Read(&message);) {
      received.content += message.data();
      received.total_bytes = message.total_bytes();
      ++received.messages;
    }
    received.status = reader->Finish();
    return received;
  }

 private:
  std::unique_ptr<v1::StoreService::Stub> stub_;
  grpc::ClientContext context_;
};

TEST(Backup, ComesInPartsThatMakeTheWhole) {
  std::string content;
  for (int i = 0; content.size() < 1'000'000; ++i) content += std::to_string(i);
  const TestServer server(std::make_unique<CopyingJournal>(content, false));
  const Received received = BackupClient(server).receive();
  EXPECT_THAT(received.status, IsOk());
  EXPECT_EQ(received.total_bytes, content.size());
  EXPECT_TRUE(received.content == content);
  EXPECT_EQ(received.messages, 4U);
  EXPECT_TRUE(BackupClient(server).receive().content == content) << "one after the other";
}

TEST(Backup, ItsBeginAndEndAreInTheLog) {
  testing::internal::CaptureStderr();
  const TestServer server(std::make_unique<CopyingJournal>("secret", false));
  EXPECT_THAT(BackupClient(server).receive().status, IsOk());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("a backup begins"), HasSubstr("a backup is done"), HasSubstr("127.0.0.1"),
                         HasSubstr("took_s"), Not(HasSubstr("secret"))));
}

TEST(Backup, ItsFailureIsInTheLog) {
  testing::internal::CaptureStderr();
  const TestServer server;
  EXPECT_THAT(BackupClient(server).receive().status, FailsWith(StatusCode::FAILED_PRECONDITION, "NO_STORE"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), AllOf(HasSubstr("a backup failed"), HasSubstr("NO_STORE")));
}

TEST(Backup, OfAServerThatStoresNothingIsRefusedByName) {
  const TestServer server;
  EXPECT_THAT(BackupClient(server).receive().status, FailsWith(StatusCode::FAILED_PRECONDITION, "NO_STORE"));
}

TEST(Backup, IsMadeForOneAtATime) {
  auto owned = std::make_unique<CopyingJournal>("x", true);
  CopyingJournal& journal = *owned;
  const TestServer server(std::move(owned));
  BackupClient first(server);
  std::thread reading([&] { EXPECT_EQ(first.receive().status.error_code(), StatusCode::CANCELLED); });
  journal.wait_until_copying();
  EXPECT_THAT(BackupClient(server).receive().status, FailsWith(StatusCode::RESOURCE_EXHAUSTED, "LIMIT_REACHED"));
  first.context().TryCancel();
  reading.join();
}

TEST(Backup, EndsWithItsDeadline) {
  const TestServer server(std::make_unique<CopyingJournal>("x", true));
  BackupClient client(server);
  client.context().set_deadline(std::chrono::system_clock::now() + 100ms);
  EXPECT_EQ(client.receive().status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  // The server has noticed as well: there is room for the next.
  EXPECT_TRUE(eventually([&] {
    BackupClient next(server);
    next.context().set_deadline(std::chrono::system_clock::now() + 100ms);
    return next.receive().status.error_code() == StatusCode::DEADLINE_EXCEEDED;
  }));
}

TEST(Backup, AClientThatDoesNotReadHoldsNothingUp) {
  // More than a connection takes in ahead of its reader.
  TestServer server(std::make_unique<CopyingJournal>(std::string(32UL << 20, 'x'), false));
  Client client(server);
  ASSERT_THAT(client.create("tasks"), IsOk());
  const auto stub = v1::StoreService::NewStub(server.new_channel());
  grpc::ClientContext context;
  const auto reader = stub->Backup(&context, {});
  v1::BackupResponse message;
  ASSERT_TRUE(reader->Read(&message));
  for (int i = 0; i < 100; ++i) EXPECT_THAT(client.put("tasks", "x"), IsOk());
  server.grpc().shutdown(limits::kLastCallsTimeout);
  std::uint64_t received = message.data().size();
  while (reader->Read(&message)) received += message.data().size();
  EXPECT_FALSE(reader->Finish().ok());
  EXPECT_LT(received, message.total_bytes());
}

TEST(Backup, EndsWithTheServer) {
  auto owned = std::make_unique<CopyingJournal>("x", true);
  CopyingJournal& journal = *owned;
  TestServer server(std::move(owned));
  BackupClient client(server);
  std::thread reading([&] { EXPECT_THAT(client.receive().status, FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN")); });
  journal.wait_until_copying();
  server.grpc().refuse_new_work();
  reading.join();
  EXPECT_THAT(BackupClient(server).receive().status, FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
}

}  // namespace
}  // namespace sluice::rpc
