#include "server/wire/failure.h"

#include "server/base/limits.h"
#include "server/wire/utf8.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;

constexpr Field kRoot;

absl::Status reason_status(const std::string& reason) {
  v1::Failure failure;
  failure.set_reason(reason);
  Reader reader;
  (void)read_failure(reader, {kRoot, "failure"}, failure);
  return reader.status();
}

model::Failure read(const v1::Failure& failure) {
  Reader reader;
  auto result = read_failure(reader, kRoot, failure);
  EXPECT_THAT(reader.status(), IsOk());
  return result;
}

TEST(Failure, HasAReasonEvenIfNoneIsGiven) { EXPECT_EQ(read({}).reason, "FAILED"); }

TEST(Failure, ChecksReasons) {
  for (const std::string& reason : {std::string("A"), std::string("HTTP_404"), std::string(64, 'X')}) {
    EXPECT_THAT(reason_status(reason), IsOk()) << reason;
  }
  for (const std::string& reason : {std::string(65, 'X'), std::string("lower"), std::string("4XX"), std::string("_A"),
                                    std::string("A B"), std::string("\u00c4")}) {
    EXPECT_THAT(reason_status(reason), RefusedFor(Reason::kInvalidValue, "failure.reason")) << reason;
  }
}

TEST(Failure, CutsLongTexts) {
  v1::Failure failure;
  failure.set_message(std::string(limits::kMaxFailureMessageBytes, 'm') + "end");
  failure.set_stderr_tail("begin" + std::string(limits::kMaxStderrTailBytes, 's'));
  const auto result = read(failure);
  EXPECT_EQ(result.message, std::string(limits::kMaxFailureMessageBytes, 'm'));
  EXPECT_EQ(result.stderr_tail, std::string(limits::kMaxStderrTailBytes, 's'));
}

TEST(Failure, LetsOnlyTheServerSayWhereItHappened) {
  v1::Failure failure;
  failure.set_queue("elsewhere");
  failure.set_stage("other");
  failure.set_attempt(99);
  failure.mutable_time()->set_seconds(1);
  failure.set_exit_code(-3);
  failure.set_signal(9);
  const model::Failure expected{.exit_code = -3, .signal = 9};
  EXPECT_EQ(read(failure), expected);
}

TEST(Failure, GoesOutAsItIs) {
  const model::Failure failure{.reason = "EXIT_CODE",
                               .message = "exit code 2",
                               .stderr_tail = "no such file",
                               .exit_code = 2,
                               .queue = "resize",
                               .stage = "resize",
                               .attempt = 4,
                               .time = base::Time(1'500'000us)};
  const auto message = failure_message(failure);
  EXPECT_EQ(message.reason(), "EXIT_CODE");
  EXPECT_EQ(message.message(), "exit code 2");
  EXPECT_EQ(message.stderr_tail(), "no such file");
  EXPECT_EQ(message.exit_code(), 2);
  EXPECT_FALSE(message.has_signal());
  EXPECT_EQ(message.queue(), "resize");
  EXPECT_EQ(message.stage(), "resize");
  EXPECT_EQ(message.attempt(), 4U);
  EXPECT_EQ(message.time().seconds(), 1);
  EXPECT_EQ(message.time().nanos(), 500'000'000);
}

TEST(Failure, GoesOutAsUtf8WithinItsLimits) {
  model::Failure failure;
  failure.message = std::string(10'000, '\xff');
  failure.stderr_tail = std::string(20'000, '\xfe') + "end";
  const auto message = failure_message(failure);
  EXPECT_LE(message.message().size(), limits::kMaxFailureMessageBytes);
  EXPECT_GT(message.message().size(), limits::kMaxFailureMessageBytes - 3);
  EXPECT_LE(message.stderr_tail().size(), limits::kMaxStderrTailBytes);
  EXPECT_TRUE(message.stderr_tail().ends_with("end"));
  EXPECT_TRUE(is_utf8(message.message()));
  EXPECT_TRUE(is_utf8(message.stderr_tail()));
}

}  // namespace
}  // namespace sluice::wire
