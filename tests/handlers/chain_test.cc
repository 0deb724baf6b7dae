// Commands joined by pipes.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/handlers/subprocess.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using namespace std::chrono_literals;

SubprocessSpec chain(std::vector<CommandSpec> commands) {
  SubprocessSpec spec;
  spec.commands = std::move(commands);
  return spec;
}

CommandSpec command(std::vector<std::string> words) { return {.argv = std::move(words), .shell = {}}; }
CommandSpec script(std::string text) { return {.argv = {}, .shell = std::move(text)}; }

TEST(Chain, EachFeedsTheNext) {
  const auto handler = subprocess(chain({command({"tr", "a-z", "A-Z"}), command({"rev"}), script("cat; echo -n !")}));
  EXPECT_EQ(output_of(run(*handler, item("abc"))), "CBA!");
}

TEST(Chain, SixteenCommands) {
  EXPECT_EQ(output_of(run(*subprocess(chain(std::vector<CommandSpec>(16, command({"cat"})))), item("through"))), "through");
}

TEST(Chain, LargeDataFlowsThrough) {
  const std::string payload(limits::kMaxPayloadBytes, 'x');
  const auto handler = subprocess(chain({command({"cat"}), command({"gzip", "-1"}), command({"gunzip"})}));
  EXPECT_TRUE(output_of(run(*handler, item(payload))) == payload);
}

TEST(Chain, EncryptsAndHashes) {
  auto spec = chain({command({"openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "env:PASSWORD"}),
                     command({"openssl", "dgst", "-sha256", "-binary"})});
  spec.env["PASSWORD"] = "very secret";
  const std::vector<Input> inputs(3, item(std::string(100'000, '\x01')));
  const auto handler = subprocess(spec);
  for (const auto& outcome : run_all(*handler, inputs)) EXPECT_THAT(output_of(outcome), SizeIs(32));
}

TEST(Chain, AFailingWriterIsNamed) {
  const auto error = error_of(run(*subprocess(chain({script("echo broken >&2; exit 4"), command({"cat"})})), item("")));
  EXPECT_EQ(error.failure.reason, "EXIT_CODE");
  EXPECT_EQ(error.failure.exit_code, 4);
  EXPECT_EQ(error.failure.message, "command 1 of 2 (/bin/sh) exited with code 4: broken");
}

TEST(Chain, AFailingReaderEndsItsWriterAndIsTheCause) {
  const auto error = error_of(run(*subprocess(chain({command({"yes"}), script("exit 6")})), item("")));
  EXPECT_EQ(error.failure.exit_code, 6);
  EXPECT_FALSE(error.failure.signal.has_value());
  EXPECT_THAT(error.failure.message, StartsWith("command 2 of 2"));
}

TEST(Chain, AFailureInTheMiddleEndsBothSides) {
  const auto error = error_of(run(*subprocess(chain({command({"yes"}), script("exit 7"), command({"cat"})})), item("")));
  EXPECT_EQ(error.failure.exit_code, 7);
  EXPECT_THAT(error.failure.message, StartsWith("command 2 of 3"));
}

TEST(Chain, TheFirstFailureIsTheCause) {
  // The reader fails because it gets nothing.
  const auto error = error_of(run(*subprocess(chain({script("exit 8"), script("read line || exit 9")})), item("")));
  EXPECT_EQ(error.failure.exit_code, 8);
  EXPECT_EQ(error.failure.message, "command 1 of 2 (/bin/sh) exited with code 8; command 2 of 2 (/bin/sh) exited with code 9");
}

TEST(Chain, AReaderThatHasHadEnoughFailsAsInPipefail) {
  const auto error = error_of(run(*subprocess(chain({command({"yes"}), command({"head", "-n", "1"})})), item("")));
  EXPECT_EQ(error.failure.reason, "SIGNALED");
  EXPECT_EQ(error.failure.signal, SIGPIPE);
  EXPECT_THAT(error.failure.message, AllOf(StartsWith("command 1 of 2 (yes)"), HasSubstr("its reader ended")));
}

TEST(Chain, AMissingProgramEndsTheOthers) {
  const auto error =
      error_of(run(*subprocess(chain({command({"sleep", "600"}), command({"no-such-program"}), command({"cat"})})), item("")));
  EXPECT_EQ(error.failure.reason, "SPAWN_FAILED");
  EXPECT_THAT(error.failure.message, AllOf(HasSubstr("command 2 of 3"), HasSubstr("no-such-program")));
}

TEST(Chain, ATimeOutEndsAll) {
  auto spec = chain({command({"sleep", "600"}), script("trap '' TERM; sleep 600"), command({"sleep", "600"})});
  spec.timeout = 300ms;
  spec.grace = 50ms;
  {
    const auto error = error_of(run(*subprocess(spec), item("")));
    EXPECT_EQ(error.failure.reason, "TIMED_OUT");
    EXPECT_THAT(error.failure.message, StartsWith("command 1 of 3 (sleep)"));
  }
  EXPECT_TRUE(has_no_child());
}

TEST(Chain, ACommandThatLeavesTheGroupIsStillEnded) {
  auto spec = chain({command({"sleep", "600"}), command({"setsid", "sleep", "600"})});
  spec.timeout = 300ms;
  const auto error = error_of(run(*subprocess(spec), item("")));
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.signal, SIGTERM);
}

}  // namespace
}  // namespace sluice::handlers
