// SIGSTOP for longer than a lease, of a consumer and of the server: the lease is lost, its token is fenced, and nothing else is
// lost.
#include <gmock/gmock.h>

#include <csignal>
#include <future>
#include <optional>

#include <fmt/format.h>

#include "sluice/sluice.h"
#include "tests/e2e/fifo.h"
#include "tests/support/shell_command.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;
using support::kPatience;
using testing::HasSubstr;

class Stop : public testing::Test {
 protected:
  test::TempDir data_;
  support::SluicedProcess server_{{.flags = {"--data", data_.path().string()}}};
  Client client_{server_.address()};
  Queue tasks_ = client_.create_queue("tasks", {.retry = {.max_attempts = 0}});
};

TEST_F(Stop, AConsumerThatSleptThroughItsLeaseIsFenced) {
  const Queue results = client_.create_queue("results");
  tasks_.put("work");
  e2e::Fifo started(server_.directory() / "started");
  e2e::Fifo gate(server_.directory() / "gate");
  support::ShellCommand worker(
      fmt::format("cd {}; echo $$ > started; exec {} --server {} work tasks --output results --lease 100ms -- "
                  "sh -c 'echo taken > started; read line < gate; echo late'",
                  server_.directory().string(), SLUICE_BINARY, server_.address()));
  const auto pid = static_cast<pid_t>(std::stol(started.read_line()));
  ASSERT_EQ(started.read_line(), "taken");

  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  auto again = tasks_.get({.max_wait = kPatience});
  ASSERT_TRUE(again) << "its lease has run out";
  EXPECT_EQ(again->attempt(), 2U);
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  gate.write_line();
  ASSERT_TRUE(worker.wait_for("LEASE_LOST")) << worker.output();
  again->done("results", {.payload = "in time"});
  tasks_.close();
  EXPECT_EQ(worker.wait(), 0) << worker.output();
  EXPECT_THAT(worker.output(), HasSubstr("0 done, 0 failed, 1 lost"));

  EXPECT_EQ(tasks_.stats().counters.done, 1U);
  const auto left = results.peek();
  ASSERT_EQ(left.size(), 1U) << "handed on once";
  EXPECT_EQ(left.front().payload, "in time");
}

// What reaches the server first when it goes on decides: the completion, which is then good, or the end of the lease, after
// which the item is somebody else's. Never both, and never neither.
TEST_F(Stop, AServerThatSleptThroughALeaseGivesTheItemToOneOnly) {
  constexpr std::uint64_t kRounds = 8;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    tasks_.put("work");
    auto first = tasks_.get({.max_wait = kPatience, .lease_duration = 50ms, .keep_leased = false});
    ASSERT_TRUE(first);
    std::stop_source no_need;
    auto second = std::async(std::launch::async, [&]() -> std::optional<Item> {
      try {
        return tasks_.get({.max_wait = kPatience, .stop = no_need.get_token()});
      } catch (const Cancelled&) {
        return std::nullopt;
      }
    });
    server_.signal(SIGSTOP);
    // Nobody keeps the promise: the wait is over when the lease is.
    std::promise<void> never;
    never.get_future().wait_until(first->lease_expire_time() + 10ms);
    server_.signal(SIGCONT);

    bool lost = false;
    try {
      first->done();
      no_need.request_stop();
    } catch (const LeaseLost&) {
      lost = true;
    }
    auto again = second.get();
    ASSERT_EQ(again.has_value(), lost) << "round " << round;
    if (again) again->done();
    ASSERT_EQ(tasks_.stats().counters.done, round);
    ASSERT_EQ(tasks_.stats().unfinished, 0U);
  }
}

}  // namespace
}  // namespace sluice::crash
