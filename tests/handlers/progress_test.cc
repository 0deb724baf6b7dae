// What handlers and their children say of how far they are.
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <latch>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/progress/lines.h"
#include "server/base/limits.h"
#include "server/handlers/native.h"
#include "server/handlers/process/fd.h"
#include "tests/handlers/crew_support.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using progress::Line;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

Input item_with(std::shared_ptr<ProgressSink> sink, std::string payload = {}) {
  Input input = item(std::move(payload));
  input.progress_sink = std::move(sink);
  return input;
}

TEST(ProgressLine, BeginsWithAFractionOrIsAMessage) {
  const std::pair<const char*, Line> lines[] = {
      {"0.4 resizing", {0.4, "resizing"}},
      {"0.4", {0.4, ""}},
      {"40% of all", {0.4, "of all"}},
      {"1", {1.0, ""}},
      {"0  two spaces", {0.0, " two spaces"}},
      {".5 x", {0.5, "x"}},
      {"100%", {1.0, ""}},
      {"3 of 5 files", {std::nullopt, "3 of 5 files"}},
      {"1.1 x", {std::nullopt, "1.1 x"}},
      {"101% x", {std::nullopt, "101% x"}},
      {"-0.1 x", {std::nullopt, "-0.1 x"}},
      {"nan x", {std::nullopt, "nan x"}},
      {"resizing", {std::nullopt, "resizing"}},
      {"", {std::nullopt, ""}},
      {"%", {std::nullopt, "%"}},
      {"0.4x y", {std::nullopt, "0.4x y"}},
  };
  for (const auto& [text, line] : lines) EXPECT_EQ(progress::parse(text), line) << text;
}

TEST(ProgressLines, GiveTheLastThatIsComplete) {
  const std::string text = "0.1 a\n0.2 b\n0.3 c";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    progress::Lines lines;
    std::optional<Line> last;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      if (auto line = lines.add(std::string_view(text).substr(at, piece))) last = std::move(line);
    }
    EXPECT_EQ(last, (Line{0.2, "b"})) << piece;
    EXPECT_EQ(lines.add("\n"), (Line{0.3, "c"})) << piece;
  }
}

TEST(ProgressLines, AreCutWhereTheyGoOnForEver) {
  progress::Lines lines;
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(lines.add(std::string(100, 'x')));
  EXPECT_EQ(lines.add("y\n0.5 z\n"), (Line{0.5, "z"}));
  EXPECT_FALSE(lines.add(std::string(10'000, 'x')));
  EXPECT_EQ(lines.add("y\n"), (Line{std::nullopt, std::string(progress::kMaxLineBytes, 'x')}));
}

class NativeProgress : public ::testing::TestWithParam<Runs> {};
INSTANTIATE_TEST_SUITE_P(Both, NativeProgress, ::testing::Values(Runs::kInline, Runs::kOnOwnThread),
                         [](const auto& runs) { return runs.param == Runs::kInline ? "Inline" : "OnOwnThread"; });

TEST_P(NativeProgress, IsReportedAsItCanBeShown) {
  const auto sink = std::make_shared<RecordedProgress>();
  const auto handler = make_native("", GetParam(), [](const Input& input) {
    input.progress(0.4, "resizing");
    input.progress(std::nullopt, "no\xff number");
    input.progress(-3.0);
    input.progress(7.0);
    input.progress(0.0 / 0.0, "nan");
    input.progress(0.5, std::string(1'000, 'x'));
    return std::vector<Output>();
  });
  (void)outputs_of(run(*handler, item_with(sink)));
  EXPECT_THAT(sink->reports(), ElementsAre("0.40 resizing", "- no\xEF\xBF\xBD number", "0.00 ", "1.00 ", "- nan",
                                           "0.50 " + std::string(limits::kMaxProgressMessageBytes, 'x')));
}

TEST_P(NativeProgress, NobodyNeedWantToKnow) {
  const auto handler = make_native("", GetParam(), [](const Input& input) {
    input.progress(0.4, "resizing");
    return std::vector<Output>();
  });
  EXPECT_THAT(outputs_of(run(*handler, item(""))), IsEmpty());
}

// A command that goes on when it is let.
class Commanded : public ::testing::Test {
 protected:
  Commanded() { EXPECT_EQ(::mkfifo(gate().c_str(), 0600), 0); }
  [[nodiscard]] std::string gate() const { return directory_.path() + "/gate"; }
  // Of a script: waits for pass().
  [[nodiscard]] std::string wait() const { return "read line < '" + gate() + "'\n"; }
  void pass() const {
    const Fd fd(::open(gate().c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(::write(fd.get(), "\n", 1), 1);
  }
  // Lets it go on with its first report.
  [[nodiscard]] std::shared_ptr<RecordedProgress> passing_sink() const {
    return std::make_shared<RecordedProgress>(
        [this, done = std::make_shared<std::once_flag>()] { std::call_once(*done, [this] { pass(); }); });
  }

 private:
  const TemporaryDirectory directory_;
};

TEST_F(Commanded, WhatACommandWritesToTheDescriptorIsReported) {
  const auto sink = passing_sink();
  const auto handler = subprocess(shell("echo '0.4 resizing' >&$SLUICE_PROGRESS_FD\n" + wait() + "echo done"));
  EXPECT_EQ(output_of(run(*handler, item_with(sink))), "done\n");
  EXPECT_THAT(sink->reports(), ElementsAre("0.40 resizing"));
}

TEST_F(Commanded, EveryCommandOfAChainMayReport) {
  SubprocessSpec spec = shell("cat; " + wait());
  spec.commands.push_back({.argv = {}, .shell = "echo '90% last' >&3; cat"});
  const auto sink = passing_sink();
  EXPECT_EQ(output_of(run(*subprocess(std::move(spec)), item_with(sink, "through"))), "through");
  EXPECT_THAT(sink->reports(), ElementsAre("0.90 last"));
}

TEST_F(Commanded, ACommandThatReportsWithoutEndIsNotHeldUp) {
  const auto sink = std::make_shared<RecordedProgress>();
  const auto handler = subprocess(shell("seq -f '0.5 step %g' 1 300000 >&3; echo done"));
  EXPECT_EQ(output_of(run(*handler, item_with(sink))), "done\n");
  EXPECT_THAT(sink->reports(), Not(IsEmpty()));
}

TEST_F(Commanded, WhoeverKeepsTheDescriptorOpenHoldsNothingUp) {
  const TemporaryDirectory directory;
  const auto pid_file = directory.path() + "/pid";
  const auto handler = subprocess(shell("sleep 600 >/dev/null 2>&1 & echo $! > " + pid_file + "; echo done"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(output_of(run(*handler, item(""))), "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience / 2);
  EXPECT_TRUE(is_gone_soon(std::stoll(directory.wait_for_line("pid"))));
}

TEST_F(Commanded, ACommandHasTheseDescriptorsAndNoOthers) {
  // A pipe of the shell's own would be among them.
  const auto script = "for n in 0 1 2 3 4 5 6 7 8 9; do if [ -e /proc/$$/fd/$n ]; then printf '%s ' $n; fi; done";
  EXPECT_EQ(output_of(run(*subprocess(shell(script)), item(""))), "0 1 2 3 ");
}

TEST_F(Commanded, TheDescriptorCostsThisProcessNone) {
  const auto handler = subprocess(shell("echo 1 >&3"));
  (void)run(*handler, item(""));
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) (void)run(*handler, item_with(std::make_shared<RecordedProgress>()));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(CoprocessProgress, IsOfItsItem) {
  CoprocessSpec spec = obedient();
  spec.in_flight = 3;
  Workers workers(std::move(spec));
  const auto one = std::make_shared<RecordedProgress>();
  const auto two = std::make_shared<RecordedProgress>();
  const auto first = workers.put("report 0.4 resizing", {}, one);
  const auto second = workers.put("report - uploading", {}, two);
  ASSERT_TRUE(one->wait_for("0.40 resizing"));
  ASSERT_TRUE(two->wait_for("- uploading"));
  EXPECT_FALSE(first.is_over());
  const auto last = workers.put("release");
  EXPECT_EQ(first.output(), second.output());
  EXPECT_EQ(first.output(), last.output());
  EXPECT_THAT(one->reports(), ElementsAre("0.40 resizing"));
}

TEST(CoprocessProgress, OfAnItemThatIsNotInHandIsNonsense) {
  Workers workers(obedient());
  const auto error = workers.put("write 1 progress 0.4 0\n").error();
  EXPECT_EQ(error.failure.reason, "BAD_FRAME");
  EXPECT_THAT(error.failure.message, ::testing::HasSubstr("item 1, which it does not have in hand"));
}

}  // namespace
}  // namespace sluice::handlers
