// `sluice submit`, `sluice await` and `sluice batch`, against the server.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class JobCommands : public CommandTest {
 protected:
  JobCommands() {
    client_.create_pipeline({.name = "shout",
                             .queues = {{"words", {.capacity = 8, .retry = {.max_attempts = 1}}}, {"loud", {.capacity = 0}}},
                             .stages = {{.input = "words", .output = "loud", .handler = "builtin.upper"}}});
    client_.create_pipeline({.name = "grumble",
                             .queues = {{"complaints", {.retry = {.max_attempts = 1}}}},
                             .stages = {{.input = "complaints", .handler = "builtin.fail"}}});
  }
  // "0\n1\n..." up to `count` lines.
  static std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
    return text;
  }
  static std::string without_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
};

TEST_F(JobCommands, EachArgumentIsAJobWhoseIdIsPrinted) {
  const Ran submitted = run({"submit", "shout", "a", "b"});
  EXPECT_THAT(submitted.output, MatchesRegex("[0-9]+\n[0-9]+\n"));
  const auto second = submitted.output.find('\n') + 1;
  EXPECT_EQ(run({"await", submitted.output.substr(0, second - 1)}).output, "A");
  EXPECT_EQ(run({"await", without_end(submitted.output.substr(second)), submitted.output.substr(0, second - 1)}).output,
            "B\nA\n");
}

TEST_F(JobCommands, MoreLinesThanTheQueueHoldsAreJobsInOrder) {
  const Ran ran = run({"submit", "shout", "--lines", "--await"}, lines(2'500));
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  EXPECT_EQ(ran.output, lines(2'500));
  EXPECT_EQ(run({"submit", "shout", "--lines"}, "").output, "") << "no line, no job";
}

TEST_F(JobCommands, ABatchIsAwaitedByItsIdAndCallsBack) {
  client_.create_queue("ends");
  const std::string batch = without_end(
      run({"submit", "shout", "--lines", "--batch", "--callback-queue", "ends", "--callback", "all loud"}, lines(30)).output);
  EXPECT_EQ(run({"await", "--batch", batch}).output, lines(30));
  auto callback = client_.queue("ends").get({.max_wait = support::kPatience});
  ASSERT_TRUE(callback);
  EXPECT_EQ(callback->payload(), "all loud");
  EXPECT_EQ(callback->attributes().at("sluice-batch"), batch);
  EXPECT_EQ(callback->attributes().at("sluice-batch-jobs"), "30");
  EXPECT_THAT(run({"batch", "show", batch}).output,
              MatchesRegex("batch      " + batch +
                           "\nstate      done\njobs       30: 0 running, 30 succeeded, 0 failed\n"
                           "created    .*\nended      .*\ncallback   an item into \"ends\"\n"));
  EXPECT_THAT(run({"batch", "ls"}).output, MatchesRegex(" *BATCH .*\n *" + batch + "  done +30 +0 +30 +0 .*\n"));
  EXPECT_EQ(run_json({"batch", "show", batch})["state"], "BATCH_STATE_DONE");
}

TEST_F(JobCommands, ABatchOfOneCallIsTheSame) {
  const json submitted = run_json({"submit", "shout", "--batch", "x", "y"});
  EXPECT_EQ(submitted["count"], 2);
  EXPECT_EQ(run({"await", "--batch", submitted["batch_id"].get<std::string>()}).output, "X\nY\n");
  EXPECT_EQ(run({"submit", "shout", "--batch", "--await", "z"}).output, "Z\n");
}

TEST_F(JobCommands, AFailureIsToldAndCounted) {
  const Ran ran = run({"submit", "grumble", "--batch", "--await", "too cold"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_THAT(ran.error, HasSubstr("too cold"));
  EXPECT_THAT(run({"batch", "ls"}).output, HasSubstr("done"));
}

TEST_F(JobCommands, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(run({"submit", "shout"}).exit_code, kUsage) << "nothing to submit";
  EXPECT_EQ(run({"submit", "shout", "a", "--lines"}).exit_code, kUsage);
  EXPECT_EQ(run({"submit", "shout", "a", "--callback-queue", "ends"}).exit_code, kUsage) << "of no batch";
  EXPECT_THAT(run({"submit", "shout", "a", "--batch", "--callback-queue", "ends"}).error, HasSubstr("QUEUE_NOT_FOUND"));
  EXPECT_THAT(run({"submit", "nowhere", "--lines"}, "a\n").error, HasSubstr("QUEUE_NOT_FOUND"));
  EXPECT_THAT(run({"batch", "show", "99999"}).error, HasSubstr("BATCH_FORGOTTEN")) << "or never there";
}

TEST_F(JobCommands, WhatWasSubmittedBeforeARefusalIsSaid) {
  client_.create_queue("narrow", {.capacity = 4});
  const Ran ran = run({"submit", "narrow", "--lines", "--batch", "--wait", "0s"}, lines(6));
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_THAT(ran.error, MatchesRegex("(.|\n)*[34] jobs submitted, of batch [0-9]+\n(.|\n)*QUEUE_FULL(.|\n)*"));
}

}  // namespace
}  // namespace sluice::cli
