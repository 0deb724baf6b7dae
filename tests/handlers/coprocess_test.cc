// Children that stay alive: what goes in, what comes out, and how they share the work.
#include "server/handlers/coprocess.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/handlers/crew_support.h"

namespace sluice::handlers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(Coprocess, AnswersManyItemsFromOneProcess) {
  Workers workers(obedient());
  EXPECT_EQ(workers.result("echo one"), "one");
  EXPECT_EQ(workers.result("echo "), "");
  const auto pid = workers.result("pid");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(workers.result("pid"), pid);
  EXPECT_EQ(workers.handler().kind(), "coprocess");
}

TEST(Coprocess, PassesAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  Workers workers(obedient());
  EXPECT_TRUE(workers.result("echo " + bytes) == bytes);
}

TEST(Coprocess, GivesNoneOneOrSeveralOutputs) {
  Workers workers(obedient());
  EXPECT_THAT(outputs_of(workers.put("none").outcome()), IsEmpty());
  EXPECT_THAT(outputs_of(workers.put("split a||ccc").outcome()), ElementsAre("a", "", "ccc"));
}

TEST(Coprocess, TellsTheChildAboutTheItem) {
  Workers workers(obedient());
  EXPECT_EQ(workers.result("head"), "100 3 4 0 tasks resize\n");
  const auto outcome = workers.put("attributes", {{"a", "1"}, {"key", "two\n\"lines\""}}).outcome();
  EXPECT_EQ(output_of(outcome), R"({"a":"1","key":"two\n\"lines\""})");
  EXPECT_EQ(std::get<std::vector<Output>>(outcome).front().attributes, (model::Attributes{{"made", "here"}}));
}

TEST(Coprocess, AnErrorIsTheItemsOnly) {
  Workers workers(obedient());
  const auto pid = workers.result("pid");
  const auto error = workers.put("error no such photo").error();
  EXPECT_EQ(error.failure.reason, "FAILED");
  EXPECT_EQ(error.failure.message, "no such photo");
  EXPECT_FALSE(error.do_not_retry);
  EXPECT_TRUE(workers.put("reject never").error().do_not_retry);
  EXPECT_EQ(workers.result("pid"), pid);
}

TEST(Coprocess, AnswersInAnyOrder) {
  auto spec = obedient();
  spec.in_flight = 4;
  // One thread, which keeps them in order: a "release" that came first would release nothing.
  Workers workers(spec, 1);
  const auto first = workers.put("hold");
  const auto second = workers.put("hold");
  const auto third = workers.put("hold");
  EXPECT_EQ(workers.result("echo x"), "x");
  EXPECT_FALSE(first.is_over() || second.is_over() || third.is_over());
  const auto pid = workers.put("release").output();
  EXPECT_EQ(first.output(), pid);
  EXPECT_EQ(second.output(), pid);
  EXPECT_EQ(third.output(), pid);
}

TEST(Coprocess, AChildNeverHasMoreThanItsShare) {
  auto spec = obedient();
  spec.in_flight = 2;
  Workers workers(spec, 1);
  const auto first = workers.put("hold");
  const auto second = workers.put("release");
  // Only now is there room for this one, and nothing holds it up.
  EXPECT_EQ(workers.put("echo third").output(), "third");
  EXPECT_EQ(first.output(), second.output());
}

TEST(Coprocess, ItemsThatWaitAreTakenInTheirOrder) {
  Workers workers(by_lines("n=0; while read line; do n=$((n + 1)); echo $line $n; done"), 1);
  std::vector<Pending> all;
  for (int i = 1; i <= 50; ++i) all.push_back(workers.put(std::to_string(i)));
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i - 1)].output(), std::to_string(i) + " " + std::to_string(i));
  }
}

TEST(Coprocess, SeveralChildrenShareTheWork) {
  const TemporaryDirectory directory;
  auto spec = obedient();
  spec.processes = 3;
  spec.in_flight = 2;
  Workers workers(spec);
  // Nobody is answered until three processes are at it at the same time.
  std::vector<Pending> all;
  for (int i = 0; i < 3; ++i) all.push_back(workers.put("meet 3 " + directory.path()));
  std::set<std::string> pids;
  for (const auto& each : all) pids.insert(each.output());
  EXPECT_THAT(pids, SizeIs(3));
}

TEST(Coprocess, OneItemAtATimeNeedsOneChildOnly) {
  auto spec = obedient();
  spec.processes = 8;
  Workers workers(spec);
  std::set<std::string> pids;
  for (int i = 0; i < 10; ++i) pids.insert(workers.result("pid"));
  EXPECT_THAT(pids, SizeIs(1));
}

TEST(Coprocess, IsReplacedAfterItsShareOfItems) {
  auto spec = obedient();
  spec.max_items = 3;
  Workers workers(spec);
  std::vector<std::string> pids;
  for (int i = 0; i < 7; ++i) pids.push_back(workers.result("pid"));
  EXPECT_EQ(pids[0], pids[2]);
  EXPECT_NE(pids[2], pids[3]);
  EXPECT_EQ(pids[3], pids[5]);
  EXPECT_NE(pids[5], pids[6]);
  workers.end();
  EXPECT_EQ(workers.exits("SUCCEEDED"), 3U);
}

TEST(Coprocess, WhatItHasInHandAtTheEndOfItsShareIsStillAnswered) {
  auto spec = obedient();
  spec.max_items = 3;
  spec.in_flight = 3;
  Workers workers(spec);
  std::vector<Pending> all;
  // This child answers them when its input ends.
  for (int i = 0; i < 3; ++i) all.push_back(workers.put("hold"));
  EXPECT_EQ(all[0].output(), all[2].output());
  EXPECT_NE(workers.result("pid"), all[0].output());
}

TEST(Coprocess, HasTheEnvironmentAndDirectoryThatItIsGiven) {
  const TemporaryDirectory directory;
  auto spec = obedient();
  spec.env = {{"COLOUR", "red"}};
  spec.working_directory = directory.path();
  Workers workers(spec);
  EXPECT_EQ(workers.result("environment COLOUR"), "red");
  EXPECT_EQ(workers.result("environment SLUICE_ITEM_ID"), "none");
  EXPECT_EQ(workers.result("directory"), directory.path());
}

TEST(CoprocessLines, OneLineInOneLineOut) {
  Workers workers(by_lines("while read -r line; do echo \"<$line>\"; done"));
  EXPECT_EQ(workers.result("hello"), "<hello>");
  EXPECT_EQ(workers.result(""), "<>");
}

TEST(CoprocessLines, SeveralInFlightKeepTheirOrder) {
  auto spec = by_lines("exec cat");
  spec.in_flight = 16;
  Workers workers(spec);
  std::vector<Pending> all;
  for (int i = 0; i < 500; ++i) all.push_back(workers.put(std::to_string(i)));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].output(), std::to_string(i));
}

TEST(CoprocessLines, APayloadOfTwoLinesIsRefusedForGood) {
  Workers workers(by_lines("exec cat"));
  const auto error = workers.put("a\nb").error();
  EXPECT_EQ(error.failure.reason, "BAD_PAYLOAD");
  EXPECT_TRUE(error.do_not_retry);
  EXPECT_THAT(error.failure.message, HasSubstr("line feed at byte 1"));
}

TEST(CoprocessSpecs, AreChecked) {
  const auto message = [](const std::function<void(CoprocessSpec&)>& change) {
    auto spec = obedient();
    change(spec);
    const auto made = make_coprocess(spec);
    EXPECT_TRUE(base::is(made.status(), base::Reason::kInvalidValue)) << made.status();
    return std::string(made.status().message());
  };
  EXPECT_THAT(message([](auto& spec) { spec.command = {}; }), StartsWith("give either argv or shell"));
  EXPECT_THAT(message([](auto& spec) { spec.command.argv = {""}; }), StartsWith("argv: "));
  EXPECT_THAT(message([](auto& spec) { spec.processes = 0; }), StartsWith("processes: 1 to 256"));
  EXPECT_THAT(message([](auto& spec) { spec.processes = 257; }), StartsWith("processes: "));
  EXPECT_THAT(message([](auto& spec) { spec.in_flight = 1'001; }), StartsWith("in_flight: 1 to 1000"));
  EXPECT_THAT(message([](auto& spec) { spec.timeout = 0s; }), StartsWith("timeout: "));
  EXPECT_THAT(message([](auto& spec) { spec.env = {{"A=B", ""}}; }), StartsWith("env: "));
}

TEST(CoprocessSpecs, WarnOfWhatIsNotThere) {
  EXPECT_THAT(coprocess_warnings(obedient()), IsEmpty());
  auto spec = obedient();
  spec.command.argv = {"no-such-program"};
  EXPECT_THAT(coprocess_warnings(spec), ElementsAre(HasSubstr("no-such-program")));
}

}  // namespace
}  // namespace sluice::handlers
