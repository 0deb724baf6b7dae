// Single commands: what goes in, what comes out, and every way to fail.
#include "server/handlers/subprocess.h"

#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using namespace std::chrono_literals;

std::string binary(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& c : bytes) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return bytes;
}

TEST(Subprocess, GivesStandardOutput) {
  EXPECT_EQ(output_of(run(*subprocess(argv({"tr", "a-z", "A-Z"})), item("hello"))), "HELLO");
  EXPECT_EQ(output_of(run(*subprocess(argv({"cat"})), item(""))), "");
  EXPECT_EQ(output_of(run(*subprocess(argv({"true"})), item("unread"))), "");
}

TEST(Subprocess, PassesFourMegabytesOfBinaryData) {
  const std::string payload = binary(limits::kMaxPayloadBytes);
  EXPECT_TRUE(output_of(run(*subprocess(argv({"cat"})), item(payload))) == payload);
}

TEST(Subprocess, SucceedsWithoutReadingItsInput) {
  EXPECT_EQ(output_of(run(*subprocess(shell("exec <&-; echo done")), item(binary(1 << 20)))), "done\n");
  EXPECT_EQ(output_of(run(*subprocess(argv({"head", "-c", "3"})), item("abc" + binary(1 << 20)))), "abc");
}

TEST(Subprocess, ReportsExitCodeAndStandardError) {
  const auto error = error_of(run(*subprocess(shell("echo first >&2; echo 'no such file' >&2; exit 3")), item("")));
  EXPECT_EQ(error.failure.reason, "EXIT_CODE");
  EXPECT_EQ(error.failure.exit_code, 3);
  EXPECT_FALSE(error.failure.signal.has_value());
  EXPECT_EQ(error.failure.stderr_tail, "first\nno such file\n");
  EXPECT_EQ(error.failure.message, "/bin/sh exited with code 3: no such file");
  EXPECT_FALSE(error.do_not_retry);
}

TEST(Subprocess, KeepsTheEndOfStandardErrorAsUtf8) {
  const auto error =
      error_of(run(*subprocess(shell("head -c 100000 /dev/zero | tr '\\0' x >&2; printf '\\377end' >&2; exit 1")), item("")));
  EXPECT_LE(error.failure.stderr_tail.size(), limits::kMaxStderrTailBytes);
  EXPECT_THAT(error.failure.stderr_tail, SizeIs(limits::kMaxStderrTailBytes));
  EXPECT_TRUE(
      error.failure.stderr_tail.ends_with("x\xEF\xBF\xBD"
                                          "end"));
}

TEST(Subprocess, ReportsTheSignal) {
  const auto error = error_of(run(*subprocess(shell("kill -SEGV $$")), item("")));
  EXPECT_EQ(error.failure.reason, "SIGNALED");
  EXPECT_EQ(error.failure.signal, SIGSEGV);
  EXPECT_FALSE(error.failure.exit_code.has_value());
  EXPECT_THAT(error.failure.message, HasSubstr("SIGSEGV"));
}

TEST(Subprocess, SomeExitCodesAreFinal) {
  auto spec = shell("exit $(cat)");
  spec.do_not_retry_exit_codes = {2, 64};
  const auto handler = subprocess(spec);
  EXPECT_TRUE(error_of(run(*handler, item("64"))).do_not_retry);
  EXPECT_FALSE(error_of(run(*handler, item("1"))).do_not_retry);
}

TEST(Subprocess, RefusesMoreOutputThanItsCap) {
  auto spec = argv({"cat"});
  spec.max_output_bytes = 1'000;
  const auto handler = subprocess(spec);
  EXPECT_THAT(output_of(run(*handler, item(binary(1'000)))), SizeIs(1'000));
  const auto error = error_of(run(*handler, item(binary(1'001))));
  EXPECT_EQ(error.failure.reason, "OUTPUT_TOO_LARGE");
  EXPECT_THAT(error.failure.message, AllOf(HasSubstr("cat"), HasSubstr("max_output_bytes")));
}

TEST(Subprocess, EndsAnEndlessWriter) {
  EXPECT_EQ(error_of(run(*subprocess(argv({"yes"})), item(""))).failure.reason, "OUTPUT_TOO_LARGE");
}

TEST(Subprocess, SaysWhatCannotBeStarted) {
  auto error = error_of(run(*subprocess(argv({"no-such-program"})), item("x")));
  EXPECT_EQ(error.failure.reason, "SPAWN_FAILED");
  EXPECT_THAT(error.failure.message, AllOf(HasSubstr("no-such-program"), HasSubstr("PATH"), HasSubstr("/usr/bin")));
  error = error_of(run(*subprocess(argv({"/no/such/program"})), item("x")));
  EXPECT_EQ(error.failure.reason, "SPAWN_FAILED");
  EXPECT_THAT(error.failure.message, AllOf(HasSubstr("/no/such/program"), Not(HasSubstr("PATH"))));
  error = error_of(run(*subprocess(argv({"/etc/passwd"})), item("x")));
  EXPECT_THAT(error.failure.message, HasSubstr("Permission denied"));
  auto spec = argv({"true"});
  spec.working_directory = "/no/such/directory";
  error = error_of(run(*subprocess(spec), item("x")));
  EXPECT_EQ(error.failure.reason, "SPAWN_FAILED");
  EXPECT_THAT(error.failure.message, HasSubstr("/no/such/directory"));
}

TEST(Subprocess, WarnsOfWhatIsNotThere) {
  EXPECT_THAT(subprocess_warnings(argv({"cat"})), IsEmpty());
  EXPECT_THAT(subprocess_warnings(argv({"no-such-program"})), ElementsAre(HasSubstr("no-such-program")));
  auto spec = shell("true");
  spec.working_directory = "/no/such/directory";
  EXPECT_THAT(subprocess_warnings(spec), ElementsAre(HasSubstr("/no/such/directory")));
}

TEST(Subprocess, FillsPlaceholdersIn) {
  const auto handler = subprocess(argv({"printf", "%s|", "{payload}", "--name={attr:name}", "{item_id}", "{print $1}", "{"}));
  EXPECT_EQ(output_of(run(*handler, item("a b;$(c)", {{"name", "Jo"}}))), "a b;$(c)|--name=Jo|7|{print $1}|{|");
}

TEST(Subprocess, RefusesWhatCannotStandInAnArgument) {
  const auto handler = subprocess(argv({"printf", "%s", "{payload}{attr:name}"}));
  for (const Input& input : {item(std::string("a\0b", 3), {{"name", "x"}}), item("a"),
                             item(std::string(limits::kMaxPayloadArgumentBytes + 1, 'x'), {{"name", "x"}}),
                             item("a", {{"name", std::string("\0", 1)}})}) {
    const auto error = error_of(run(*handler, input));
    EXPECT_EQ(error.failure.reason, "BAD_ARGUMENT") << error.failure.message;
    EXPECT_TRUE(error.do_not_retry);
  }
  const std::string longest(limits::kMaxPayloadArgumentBytes, 'x');
  EXPECT_EQ(output_of(run(*handler, item(longest, {{"name", ""}}))), longest);
}

TEST(Subprocess, PutsNothingIntoAScript) {
  EXPECT_EQ(output_of(run(*subprocess(shell("echo '{payload}'")), item("x"))), "{payload}\n");
}

TEST(Subprocess, GivesOnlyTheEnvironmentThatItMay) {
  ::setenv("SLUICE_TEST_SECRET", "secret", 1);
  ::setenv("SLUICE_TEST_WANTED", "wanted", 1);
  auto spec = argv({"env"});
  spec.inherit_env = {"SLUICE_TEST_WANTED", "SLUICE_TEST_NOT_SET"};
  spec.env = {{"COLOUR", "blue=green"}};
  const auto handler = subprocess(spec);
  ::unsetenv("SLUICE_TEST_SECRET");
  ::unsetenv("SLUICE_TEST_WANTED");
  EXPECT_EQ(output_of(run(*handler, item("", {{"content-type", "a/b"}, {"content_type", "no"}, {"k", "v"}}))),
            "COLOUR=blue=green\nSLUICE_TEST_WANTED=wanted\nSLUICE_ITEM_ID=7\nSLUICE_ATTEMPT=3\nSLUICE_QUEUE=tasks\n"
            "SLUICE_STAGE=resize\nSLUICE_PROGRESS_FD=3\nSLUICE_ATTR_CONTENT_TYPE=a/b\nSLUICE_ATTR_K=v\n");
}

TEST(Subprocess, LooksProgramsUpInTheChildrensPath) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/greet";
  std::ofstream(file) << "#!/bin/sh\necho hello\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  auto spec = argv({"greet"});
  spec.env["PATH"] = "/no/such/directory:" + directory.path();
  EXPECT_EQ(output_of(run(*subprocess(spec), item(""))), "hello\n");
  auto relative = argv({"./greet"});
  relative.working_directory = directory.path();
  EXPECT_EQ(output_of(run(*subprocess(relative), item(""))), "hello\n");
}

TEST(Subprocess, RunsInItsWorkingDirectory) {
  auto spec = argv({"pwd"});
  spec.working_directory = "/usr";
  EXPECT_EQ(output_of(run(*subprocess(spec), item(""))), "/usr\n");
}

TEST(Subprocess, SetsResourceLimits) {
  auto spec = shell("ulimit -c; ulimit -n; ulimit -t; ulimit -f; ulimit -v; ulimit -p");  // -p: processes, in this shell
  EXPECT_THAT(output_of(run(*subprocess(spec), item(""))), StartsWith("0\n"));
  spec.limits.open_files = 33;
  spec.limits.cpu_time = 1500ms;
  spec.limits.file_size_bytes = 512 * 100;
  spec.limits.address_space_bytes = 1024UL * 1024 * 1024;
  spec.limits.processes = 77;
  EXPECT_EQ(output_of(run(*subprocess(spec), item(""))), "0\n33\n2\n100\n1048576\n77\n");
}

TEST(Subprocess, LeavesTheLimitsOfThisProcessAlone) {
  rlimit before{};
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  auto spec = argv({"true"});
  spec.limits.open_files = 33;
  EXPECT_EQ(output_of(run(*subprocess(spec), item(""))), "");
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_cur);
  EXPECT_EQ(after.rlim_max, before.rlim_max);
}

TEST(Subprocess, GivesChildrenDefaultSignalsAndNoForeignDescriptor) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto ignored = ::signal(SIGHUP, SIG_IGN);
  const int leaked = ::dup(STDIN_FILENO);  // not close-on-exec
  const auto output =
      output_of(run(*subprocess(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd")), item("")));
  ::close(leaked);
  ::signal(SIGHUP, ignored);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n3\n4\n")
      << "3 is for progress, 4 is ls's own";
}

TEST(Subprocess, ReportsTheProcess) {
  std::vector<std::int64_t> pids;
  const auto outcome = run(*subprocess(shell("echo $$")), item(""), {.on_pid = [&](std::int64_t pid) { pids.push_back(pid); }});
  ASSERT_THAT(pids, SizeIs(2));
  EXPECT_EQ(output_of(outcome), std::to_string(pids[0]) + "\n");
  EXPECT_EQ(pids[1], 0);
}

TEST(Subprocess, SaysWhatItIs) {
  auto spec = argv({"true"});
  spec.description = "nothing";
  spec.timeout = 5s;
  const auto handler = subprocess(spec);
  EXPECT_EQ(handler->kind(), "subprocess");
  EXPECT_EQ(handler->description(), "nothing");
  EXPECT_EQ(handler->timeout(), 5s);
}

TEST(Subprocess, RefusesSpecsThatCannotWork) {
  const auto complaint = [](auto change) {
    auto spec = argv({"true"});
    change(spec);
    const auto made = make_subprocess(spec);
    EXPECT_FALSE(made.ok());
    EXPECT_TRUE(base::is(made.status(), base::Reason::kInvalidValue));
    return std::string(made.status().message());
  };
  using Spec = SubprocessSpec;
  EXPECT_THAT(complaint([](Spec& spec) { spec.commands.clear(); }), StartsWith("commands:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.commands.resize(17, spec.commands[0]); }), StartsWith("commands:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.commands[0].shell = "true"; }), StartsWith("commands[0]:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.commands.emplace_back(); }), StartsWith("commands[1]:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.commands[0].argv[0] = "{payload}"; }), StartsWith("commands[0].argv:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.commands[0].argv[0] = ""; }), StartsWith("commands[0].argv:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.timeout = 0s; }), StartsWith("timeout:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.timeout = 25h; }), StartsWith("timeout:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.grace = -1s; }), StartsWith("grace:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.max_output_bytes = 0; }), StartsWith("max_output_bytes:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.max_output_bytes = 5U << 20; }), StartsWith("max_output_bytes:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.do_not_retry_exit_codes = {256}; }), StartsWith("do_not_retry_exit_codes:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.do_not_retry_exit_codes = {0}; }), StartsWith("do_not_retry_exit_codes:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.env = {{"A=B", "x"}}; }), StartsWith("env:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.env = {{"SLUICE_QUEUE", "x"}}; }), StartsWith("env:"));
  EXPECT_THAT(complaint([](Spec& spec) { spec.inherit_env = {""}; }), StartsWith("inherit_env:"));
}

}  // namespace
}  // namespace sluice::handlers
