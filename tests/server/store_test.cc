// A server whose store fails.
#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/errors.h"
#include "server/server.h"
#include "tests/server/output_pipe.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

const absl::Status& failure() {
  static const auto& status = *new absl::Status(base::error(base::Reason::kStoreFailed, "the disk is on fire"));
  return status;
}

// Commits at once until it is told to fail.
class FailingJournal final : public journal::Journal {
 public:
  absl::Status load(const std::function<void(model::Record&&)>& /*each*/) override { return absl::OkStatus(); }

  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override {
    const std::lock_guard lock(mutex_);
    on_committed_ = std::move(on_committed);
    on_failed_ = std::move(on_failed);
    return absl::OkStatus();
  }

  journal::Position append(std::vector<model::Record>& records) override {
    records.clear();
    on_committed_(++last_);
    return last_;
  }

  // Not while fail() is telling.
  void stop() override { const std::lock_guard lock(mutex_); }

  // Once started; from any thread.
  void fail() {
    const std::lock_guard lock(mutex_);
    on_failed_(failure());
  }

 private:
  journal::Position last_ = 0;
  OnCommitted on_committed_;
  std::mutex mutex_;
  OnFailed on_failed_;  // guarded by it
};

// Cannot be opened.
class BrokenJournal final : public journal::Journal {
 public:
  absl::Status load(const std::function<void(model::Record&&)>& /*each*/) override { return failure(); }
  absl::Status start(OnCommitted /*on_committed*/, OnFailed /*on_failed*/) override { return failure(); }
  journal::Position append(std::vector<model::Record>& /*records*/) override { return 0; }
  void stop() override {}
};

TEST(Store, FailureEndsTheServer) {
  auto owned = std::make_unique<FailingJournal>();
  auto& journal = *owned;
  Server server(std::move(owned));
  const std::array<const char*, 7> arguments = {"sluiced",     "--listen", "127.0.0.1:0", "--admin",
                                                "127.0.0.1:0", "--data",   "none"};
  const OutputPipe output;
  testing::internal::CaptureStderr();
  std::thread disk([&] {
    output.wait_for("ready\n");
    journal.fail();
  });
  EXPECT_EQ(server.run(arguments.size(), arguments.data()), kExitFailed);
  disk.join();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("the disk is on fire"));
}

TEST(Store, FailureAtTheStartIsReported) {
  Server server(std::make_unique<BrokenJournal>());
  config::Settings settings;
  settings.listen = "127.0.0.1:0";
  settings.admin.listen = "127.0.0.1:0";
  EXPECT_TRUE(base::is(server.start(settings), base::Reason::kStoreFailed));
}

}  // namespace
}  // namespace sluice
