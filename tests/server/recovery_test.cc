// A server that still reads its store.
#include <unistd.h>

#include <array>
#include <csignal>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "server/journal/memory.h"
#include "server/server.h"
#include "sluice/client.h"
#include "tests/server/output_pipe.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// Keeps a load waiting until it is told to go on.
class SlowJournal final : public journal::Journal {
 public:
  absl::Status load(const std::function<void(model::Record&&)>& each) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return go_on_; });
    return inner_.load(each);
  }
  void go_on() {
    const std::lock_guard lock(mutex_);
    go_on_ = true;
    changed_.notify_all();
  }

  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override {
    return inner_.start(std::move(on_committed), std::move(on_failed));
  }
  journal::Position append(std::vector<model::Record>& records) override { return inner_.append(records); }
  void stop() override { inner_.stop(); }

 private:
  journal::MemoryJournal inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool go_on_ = false;
};

// Threads that are made meanwhile leave SIGTERM to the server.
class LeaveSignals {
 public:
  LeaveSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~LeaveSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  LeaveSignals(const LeaveSignals&) = delete;
  LeaveSignals& operator=(const LeaveSignals&) = delete;

 private:
  sigset_t before_{};
};

TEST(Recovery, TheServerListensAndSaysThatItIsNotReady) {
  auto owned = std::make_unique<SlowJournal>();
  SlowJournal& journal = *owned;
  Server server(std::move(owned));
  const std::array<const char*, 5> arguments = {"sluiced", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"};
  const OutputPipe output;
  const LeaveSignals leave;
  testing::internal::CaptureStderr();
  std::thread outside([&] {
    const std::string said = output.wait_for("\n");
    EXPECT_THAT(said, testing::StartsWith("listening grpc "));
    EXPECT_EQ(said.find("ready"), std::string::npos);
    const std::string address = said.substr(15, said.find('\n') - 15);
    const Client impatient(address, {.reconnect_timeout = 0s});
    EXPECT_FALSE(impatient.serving());
    try {
      impatient.create_queue("tasks");
      ADD_FAILURE() << "a queue was created before the store was read";
    } catch (const Unavailable& error) {
      EXPECT_EQ(error.reason(), "RECOVERING");
    }
    EXPECT_THROW(impatient.list_queues(), Unavailable);
    EXPECT_THROW(impatient.queue("tasks").join(), Unavailable);
    EXPECT_THROW(impatient.queue("tasks").get({.max_wait = 0s}), Unavailable);
    // One who waits for the server to be back gets through.
    std::thread patient([&] { Client(address).create_queue("tasks"); });
    journal.go_on();
    output.wait_for("ready\n");
    EXPECT_TRUE(impatient.serving());
    patient.join();
    EXPECT_EQ(impatient.list_queues().size(), 1U);
    ::kill(::getpid(), SIGTERM);
  });
  EXPECT_EQ(server.run(arguments.size(), arguments.data()), kExitOk);
  outside.join();
  const std::string log = testing::internal::GetCapturedStderr();
  for (const char* refused : {"QueueService/CreateQueue", "QueueService/JoinQueue"}) {
    EXPECT_THAT(log, testing::ContainsRegex(std::string("a call was refused.*") + refused + ".*RECOVERING"));
  }
}

TEST(Recovery, EndsAtOnceWhenTheServerIsToStop) {
  for (const int number : {SIGTERM, SIGINT}) {
    support::SluicedProcess sluiced(
        {.program = ENDLESS_RECOVERY_SERVER, .flags = {"--listen", "127.0.0.1:0", "--log-format", "json"}, .serve = false});
    ASSERT_TRUE(sluiced.wait_for_error("reading without an end"));
    sluiced.signal(number);
    EXPECT_EQ(sluiced.wait(), kExitOk);
    EXPECT_THAT(sluiced.standard_error(), testing::HasSubstr("stopped while it read its store"));
    EXPECT_THAT(sluiced.standard_output(), testing::Not(testing::HasSubstr("ready")));
  }
}

TEST(Recovery, IsToldInTheLog) {
  const test::TempDir data;
  support::SluicedProcess sluiced({.flags = {"--data", data.path().string(), "--log-format", "json"}});
  Queue tasks = Client(sluiced.address()).create_queue("tasks");
  for (int i = 0; i < 3; ++i) tasks.put("12345");
  sluiced.kill9();
  sluiced.restart();
  EXPECT_TRUE(sluiced.wait_for_error("\"message\":\"recovered\",\"data\":\"" + data.path().string() +
                                     "\",\"queues\":1,\"items\":3,\"bytes\":15,\"took_s\":"));
}

}  // namespace
}  // namespace sluice
