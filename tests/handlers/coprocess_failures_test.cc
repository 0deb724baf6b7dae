// Children that stay alive, and everything that can go wrong with them.
#include <csignal>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/handlers/coprocess.h"
#include "tests/handlers/crew_support.h"

namespace sluice::handlers {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

CoprocessSpec two_in_flight() {
  auto spec = obedient();
  spec.in_flight = 2;
  return spec;
}

// Starts faster than Python: its start is part of the first item's time.
CoprocessSpec impatient() {
  auto spec = by_lines(
      "while read -r line; do case $line in "
      "hang) exec sleep 600;; "
      "stubborn) trap '' TERM; while :; do sleep 600; done;; "
      "background) sleep 600 >/dev/null 2>&1 & echo $!;; "
      "*) echo $$;; esac; done");
  spec.in_flight = 2;
  spec.timeout = 1500ms;
  spec.grace = 100ms;
  return spec;
}

TEST(CoprocessFailures, ACrashCostsWhatWasInItsHandAndNothingElse) {
  const TemporaryDirectory directory;
  auto spec = two_in_flight();
  spec.processes = 2;
  Workers workers(spec);
  // Both are there now.
  const auto one = workers.put("meet 2 " + directory.path());
  const auto other = workers.put("meet 2 " + directory.path());
  ASSERT_NE(one.output(), other.output());
  std::vector<Pending> held;
  for (int i = 0; i < 3; ++i) held.push_back(workers.put("hold"));
  // One of them has two items in hand now, the other one gets this.
  const auto crash = workers.put("complain out of paper");
  const auto error = crash.error();
  EXPECT_EQ(error.failure.reason, "EXIT_CODE");
  EXPECT_EQ(error.failure.exit_code, 5);
  EXPECT_EQ(error.failure.message, "python3 exited with code 5 with this item in its hand: out of paper");
  EXPECT_EQ(error.failure.stderr_tail, "out of paper\n");
  // Of the three only the one that was with it has lost its attempt. The others are answered at the end.
  workers.end();
  std::size_t lost = 0;
  for (const auto& each : held) {
    const auto outcome = each.outcome();
    if (const auto* failed = std::get_if<Error>(&outcome)) lost += failed->failure.reason == "EXIT_CODE" ? 1 : 0;
  }
  EXPECT_EQ(lost, 1U);
  EXPECT_EQ(workers.exits("EXIT_CODE"), 1U);
}

TEST(CoprocessFailures, AnotherTakesTheWorkAfterACrash) {
  Workers workers(obedient());
  const auto pid = workers.result("pid");
  const auto error = workers.put("signal " + std::to_string(SIGSEGV)).error();
  EXPECT_EQ(error.failure.reason, "SIGNALED");
  EXPECT_EQ(error.failure.signal, SIGSEGV);
  EXPECT_THAT(error.failure.message, HasSubstr("SIGSEGV"));
  EXPECT_NE(workers.result("pid"), pid);
}

TEST(CoprocessFailures, WhatWasAnsweredBeforeACrashCounts) {
  auto spec = two_in_flight();
  Workers workers(spec);
  const auto answered = workers.put("echo done");
  const auto crash = workers.put("exit 3");
  EXPECT_EQ(answered.output(), "done");
  EXPECT_EQ(crash.reason(), "EXIT_CODE");
}

TEST(CoprocessFailures, WhoExitsInOrderButWithAnItemInHandFailsIt) {
  Workers workers(obedient());
  const auto error = workers.put("exit 0").error();
  EXPECT_EQ(error.failure.reason, "CHILD_ENDED");
  EXPECT_EQ(error.failure.exit_code, 0);
  EXPECT_THAT(error.failure.message, HasSubstr("exited with code 0 with this item in its hand"));
}

TEST(CoprocessFailures, ATimeOutIsTheSlowItemsAndItsNeighboursSayWhy) {
  Workers workers(impatient());
  const auto pid = workers.result("pid");
  const auto slow = workers.put("hang");
  const auto behind = workers.put("never");
  const auto error = slow.error();
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.signal, SIGTERM);
  EXPECT_THAT(error.failure.message, HasSubstr("did not answer within 1.500 s and was terminated"));
  const auto outcome = behind.outcome();
  // On a busy machine it may not have begun by then, and then another child answers it.
  if (const auto* lost = std::get_if<Error>(&outcome)) {
    EXPECT_THAT(lost->failure.reason, AnyOf("CHILD_ENDED", "TIMED_OUT"));
  }
  EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
  workers.end();
  EXPECT_EQ(workers.exits("TIMED_OUT"), 1U);
}

TEST(CoprocessFailures, WhoIgnoresTheSignalIsKilledWithItsGroup) {
  Workers workers(impatient());
  const auto background = workers.result("background");
  const auto error = workers.put("stubborn").error();
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.signal, SIGKILL);
  EXPECT_THAT(error.failure.message, HasSubstr("was killed, because SIGTERM did not end it"));
  EXPECT_TRUE(is_gone_soon(std::stoll(background)));
}

TEST(CoprocessFailures, AChildThatNeverReadsRunsOutOfTime) {
  auto spec = by_lines("exec sleep 600");
  spec.timeout = 300ms;
  spec.in_flight = 4;
  Workers workers(spec);
  std::vector<Pending> all;
  for (int i = 0; i < 3; ++i) all.push_back(workers.put(std::string(1 << 20, 'x')));
  EXPECT_EQ(all[0].reason(), "TIMED_OUT");
}

TEST(CoprocessFailures, NonsenseEndsTheChild) {
  for (const char* text : {"hello, world\n", "ITEM\n", "ITEM fine 3\nabc", "ITEM ok three\nabc", "ITEM error\n",
                           "ITEM ok 2+2\nab[]", "ITEM ok 0+7\n{\"a\":1}", "1 ok 0\n"}) {
    Workers workers(obedient());
    const auto pid = workers.result("pid");
    const auto error = workers.put(std::string("write ") + text).error();
    EXPECT_EQ(error.failure.reason, "BAD_FRAME") << text;
    EXPECT_THAT(error.failure.message, AllOf(StartsWith("python3 "), HasSubstr("it was ended with this item in its hand")))
        << text;
    EXPECT_NE(workers.result("pid"), pid);
    workers.end();
    EXPECT_EQ(workers.exits("BAD_FRAME"), 1U);
  }
}

TEST(CoprocessFailures, TheMessageShowsWhatItWrote) {
  Workers workers(obedient());
  EXPECT_THAT(workers.put("write debug: \x01 starting up\nmore\n").error().failure.message,
              HasSubstr("wrote \"debug:   starting up\", which is no answer"));
  EXPECT_THAT(workers.put("write 1 ok 0\n").error().failure.message,
              HasSubstr("answered item 1, which it does not have in hand"));
}

TEST(CoprocessFailures, ALineTooMuchEndsTheChild) {
  auto spec = by_lines("read line; echo one; echo two; exec sleep 600");
  Workers workers(spec);
  // The first has its answer; whether the second comes too late or too early, it is nobody's.
  EXPECT_EQ(workers.result("x"), "one");
  workers.end();
  EXPECT_EQ(workers.exits("BAD_FRAME") + workers.exits("SIGNALED"), 1U);
}

TEST(CoprocessFailures, AnAnswerThatIsTooLargeFailsItsItemOnly) {
  auto spec = two_in_flight();
  spec.max_output_bytes = 1'000;
  Workers workers(spec);
  const auto pid = workers.result("pid");
  EXPECT_EQ(workers.result("big 1000").size(), 1'000U);
  const auto error = workers.put("big 1001").error();
  EXPECT_EQ(error.failure.reason, "OUTPUT_TOO_LARGE");
  EXPECT_THAT(error.failure.message, HasSubstr("max_output_bytes, 1000"));
  EXPECT_EQ(workers.put("split " + std::string(600, 'a') + "|" + std::string(600, 'b')).reason(), "OUTPUT_TOO_LARGE");
  EXPECT_EQ(workers.put("big 10000000").reason(), "OUTPUT_TOO_LARGE");
  EXPECT_EQ(workers.result("pid"), pid);
}

TEST(CoprocessFailures, AnAnswerWithoutEndEndsTheChild) {
  Workers frames(obedient());
  EXPECT_EQ(frames.put("write ITEM ok 99999999999\n").reason(), "OUTPUT_TOO_LARGE");
  Workers lines(by_lines("read line; yes | tr -d '\\n'"));
  EXPECT_EQ(lines.put("x").reason(), "OUTPUT_TOO_LARGE");
}

TEST(CoprocessFailures, ALineThatIsTooLongFailsItsItemOnly) {
  auto spec = by_lines("exec cat");
  spec.max_output_bytes = 10;
  Workers workers(spec);
  EXPECT_EQ(workers.result("0123456789"), "0123456789");
  EXPECT_EQ(workers.put("01234567890").reason(), "OUTPUT_TOO_LARGE");
  EXPECT_EQ(workers.result("ok"), "ok");
  workers.end();
  EXPECT_EQ(workers.exits("SUCCEEDED"), 1U);
}

TEST(CoprocessFailures, WhoClosesItsOutputIsReplaced) {
  auto spec = obedient();
  spec.grace = 100ms;
  Workers workers(spec);
  const auto error = workers.put("mute").error();
  EXPECT_EQ(error.failure.reason, "CHILD_ENDED");
  EXPECT_THAT(error.failure.message, HasSubstr("closed its standard input or output, did not exit, and was killed"));
  EXPECT_EQ(workers.result("echo x"), "x");
}

TEST(CoprocessFailures, AChildThatEndsAtOnceIsStartedAgainAfterPauses) {
  Workers workers(by_lines("echo no licence >&2; exit 7"));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    const auto error = workers.put("x").error();
    EXPECT_EQ(error.failure.reason, "EXIT_CODE");
    EXPECT_EQ(error.failure.exit_code, 7);
    EXPECT_EQ(error.failure.stderr_tail, "no licence\n");
  }
  // After the first one and twice as long after the second.
  EXPECT_GE(std::chrono::steady_clock::now() - start, limits::kMinRestartPause * 3);
  workers.end();
  EXPECT_EQ(workers.exits("EXIT_CODE"), 3U);
}

TEST(CoprocessFailures, AChildThatDoesNotEvenReadIsNotStartedForEver) {
  // Its input is closed before anything can be written to it, or after; either way the item ends.
  Workers workers(by_lines("exec <&-; exit 1"));
  EXPECT_EQ(workers.put("x").reason(), "EXIT_CODE");
  EXPECT_EQ(workers.put("x").reason(), "EXIT_CODE");
}

TEST(CoprocessFailures, AProgramThatIsNotThereIsNamed) {
  auto spec = obedient();
  spec.command.argv = {"no-such-program"};
  Workers workers(spec);
  for (int i = 0; i < 2; ++i) {
    const auto error = workers.put("x").error();
    EXPECT_EQ(error.failure.reason, "SPAWN_FAILED");
    EXPECT_THAT(error.failure.message, AllOf(HasSubstr("no-such-program"), HasSubstr("PATH")));
  }
  EXPECT_EQ(workers.exits("SPAWN_FAILED"), 2U);
  spec.working_directory = "/no/such/directory";
  spec.command.argv = {"cat"};
  EXPECT_THAT(Workers(spec).put("x").error().failure.message, HasSubstr("/no/such/directory"));
}

}  // namespace
}  // namespace sluice::handlers
