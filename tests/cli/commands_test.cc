// Queue, item and server commands.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class Commands : public CommandTest {};

TEST_F(Commands, AQueueFromItsCreationToItsEnd) {
  EXPECT_EQ(
      run({"create", "tasks", "--capacity", "10", "--order", "priority", "--lease", "1.5s", "--max-attempts", "3"}).exit_code,
      kOk);
  const json queue = run_json({"show", "tasks"});
  EXPECT_EQ(queue["name"], "tasks");
  EXPECT_EQ(queue["settings"]["capacity"], 10);
  EXPECT_EQ(queue["settings"]["order"], "QUEUE_ORDER_PRIORITY");
  EXPECT_EQ(queue["settings"]["lease_duration"], "1.500s");
  EXPECT_EQ(queue["settings"]["retry"]["max_attempts"], 3);
  EXPECT_EQ(queue["waiting"], "0");

  const Ran again = run({"create", "tasks"});
  EXPECT_EQ(again.exit_code, kFailed);
  EXPECT_THAT(again.error, testing::StartsWith("sluice: QUEUE_EXISTS: "));
  EXPECT_EQ(run({"create", "tasks", "--if-missing"}).exit_code, kOk);

  EXPECT_THAT(run({"update", "tasks", "--capacity", "0"}).output, HasSubstr("unbounded"));
  EXPECT_THAT(run({"ls"}).output, AllOf(HasSubstr("QUEUE"), HasSubstr("tasks")));
  EXPECT_THAT(run({"ls", "other"}).output, testing::Not(HasSubstr("tasks")));
  EXPECT_EQ(run({"put", "tasks", "x", "y"}).exit_code, kOk);
  EXPECT_THAT(run({"pause", "tasks"}).output, HasSubstr("paused"));
  EXPECT_EQ(run({"get", "tasks", "--wait", "0"}).exit_code, kNothing);
  EXPECT_EQ(run({"resume", "tasks"}).exit_code, kOk);
  EXPECT_EQ(run({"rm", "tasks"}).exit_code, kFailed);
  EXPECT_EQ(run_json({"purge", "tasks"})["discarded"], "2");
  EXPECT_EQ(run({"rm", "tasks"}).exit_code, kOk);
  EXPECT_THAT(run({"show", "tasks"}).error, testing::StartsWith("sluice: QUEUE_NOT_FOUND: "));
}

TEST_F(Commands, ItemsGoInAndComeOutAsTheyAre) {
  client_.create_queue("tasks");
  const std::string binary("\x00\xff\n bytes", 9);
  EXPECT_EQ(run({"put", "tasks", "--file", "-", "--attr", "k=v"}, binary).exit_code, kOk);
  const Ran got = run({"get", "tasks", "--done"});
  EXPECT_EQ(got.exit_code, kOk);
  EXPECT_EQ(got.output, binary);

  EXPECT_EQ(run_json({"put", "tasks", "a", "b"})["item_ids"].size(), 2u);
  const Ran lines = run({"get", "tasks", "-n", "10"});
  std::istringstream stream(lines.output);
  std::string line;
  ASSERT_TRUE(std::getline(stream, line));
  EXPECT_EQ(json::parse(line)["payload"], "a");
  ASSERT_TRUE(std::getline(stream, line));
  EXPECT_EQ(json::parse(line)["payload"], "b");
  EXPECT_FALSE(std::getline(stream, line));
}

TEST_F(Commands, AFileIsAnItemWithItsName) {
  client_.create_queue("tasks");
  std::ofstream(sluiced_.directory() / "photo.jpg") << "pixels";
  EXPECT_EQ(run({"put", "tasks", "--file", sluiced_.directory() / "photo.jpg", "--attr", "k=v"}).exit_code, kOk);
  const auto item = client_.queue("tasks").get();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->payload(), "pixels");
  EXPECT_EQ(item->attribute("name"), "photo.jpg");
  EXPECT_EQ(item->attribute("k"), "v");
  EXPECT_THAT(run({"put", "tasks", "--file", "/nonexistent"}).error, HasSubstr("cannot read /nonexistent"));
}

TEST_F(Commands, TokensEndItems) {
  client_.create_queue("tasks", {.retry = {.max_attempts = 1}});
  client_.queue("tasks").put_all({"a", "b", "c"});
  const auto take = [this] { return std::to_string(client_.queue("tasks").get({.keep_leased = false})->token()); };
  EXPECT_EQ(run({"done", "tasks", take()}).exit_code, kOk);
  EXPECT_EQ(run({"fail", "tasks", take(), "--message", "no good"}).exit_code, kOk);
  const std::string token = take();
  EXPECT_EQ(run({"extend", "tasks", token, "--lease", "5m"}).exit_code, kOk);
  EXPECT_EQ(run({"release", "tasks", token}).exit_code, kOk);
  const Ran lost = run({"done", "tasks", token, "12345"});
  EXPECT_EQ(lost.exit_code, kFailed);
  EXPECT_THAT(lost.error, AllOf(HasSubstr("LEASE_LOST: token " + token), HasSubstr("LEASE_LOST: token 12345")));
  EXPECT_THAT(run({"peek", "tasks.dead"}).output, HasSubstr("FAILED: no good"));
  EXPECT_EQ(run_json({"peek", "tasks"})["payload"], "c");
}

TEST_F(Commands, EachFailureHasItsExitCode) {
  client_.create_queue("tasks", {.capacity = 1});
  EXPECT_EQ(run({"get", "tasks", "--wait", "10ms"}).exit_code, kNothing);
  client_.queue("tasks").put("x");
  const Ran full = run({"put", "tasks", "y", "--wait", "10ms"});
  EXPECT_EQ(full.exit_code, kFailed);
  EXPECT_THAT(full.error, AllOf(testing::StartsWith("sluice: QUEUE_FULL: "), HasSubstr("\"tasks\"")));
  EXPECT_EQ(run({"put", "tasks"}).exit_code, kUsage);
  EXPECT_EQ(run({"close", "tasks", "--immediate"}).exit_code, kOk);
  EXPECT_THAT(run({"put", "tasks", "y"}).error, testing::StartsWith("sluice: QUEUE_CLOSED: "));
  const Ran ended = run({"get", "tasks"});
  EXPECT_EQ(ended.exit_code, kNothing);
  EXPECT_THAT(ended.error, HasSubstr("closed"));
  EXPECT_EQ(run({"create", "bad name"}).exit_code, kFailed);
}

TEST_F(Commands, AServerThatIsNotThereIsUnreachable) {
  EXPECT_EQ(run({"health"}).output, "serving\n");
  EXPECT_EQ(sluiced_.stop(), 0);
  const Ran ran = run({"--connect-timeout", "0", "ls"});
  EXPECT_EQ(ran.exit_code, kUnreachable);
  EXPECT_THAT(ran.error, AllOf(testing::StartsWith("sluice: UNREACHABLE: "), HasSubstr(sluiced_.address())));
  EXPECT_EQ(run({"--connect-timeout", "0", "health"}).exit_code, kUnreachable);
}

TEST_F(Commands, AnInterruptEndsAWait) {
  client_.create_queue("tasks");
  const auto get = start({"get", "tasks"});
  ASSERT_TRUE(wait_until("tasks", [](const QueueInfo& queue) { return queue.waiting_gets == 1; }));
  get->signal(SIGINT);
  EXPECT_EQ(get->wait().exit_code, kInterrupted);
}

TEST_F(Commands, LinesGoInInBulk) {
  client_.create_queue("tasks", {.capacity = 0});
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += "line " + std::to_string(i) + '\n';
  const Ran ran = run({"--json", "put", "tasks", "--lines"}, lines);
  EXPECT_EQ(json::parse(ran.output)["acknowledged"], "100000") << ran.error;
  const Queue tasks = client_.queue("tasks");
  EXPECT_EQ(tasks.stats().waiting, 100'000u);
  EXPECT_EQ(tasks.get()->payload(), "line 0");
}

TEST_F(Commands, LinesAreHeldBackByAFullQueueAndCountedWhenInterrupted) {
  client_.create_queue("tasks", {.capacity = 10});
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += "x\n";
  const auto put = start({"put", "tasks", "--lines"}, lines);
  ASSERT_TRUE(wait_until("tasks", [](const QueueInfo& queue) { return queue.waiting_puts == 1; }));
  put->signal(SIGINT);
  const Ran ran = put->wait();
  EXPECT_EQ(ran.exit_code, kInterrupted);
  const std::uint64_t accepted = client_.queue("tasks").stats().counters.put;
  EXPECT_GT(accepted, 0u);
  EXPECT_THAT(ran.error, HasSubstr(std::to_string(accepted) + " items acknowledged by \"tasks\"\n")) << "exactly";
}

TEST_F(Commands, HandlersAndVersion) {
  EXPECT_THAT(run({"handlers"}).output, HasSubstr("builtin.upper"));
  EXPECT_THAT(run({"version"}).output, testing::StartsWith("sluice 0."));
  EXPECT_EQ(run({"--version"}).output, run({"version"}).output);
}

}  // namespace
}  // namespace sluice::cli
