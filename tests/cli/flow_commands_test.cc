// Workers, pipelines and joins from the command line.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class Flow : public CommandTest {
 protected:
  std::string write_file(const std::string& name, const std::string& text) {
    const auto path = sluiced_.directory() / name;
    std::ofstream(path) << text;
    return path;
  }
};

constexpr const char* kShout = R"(name: shout
queues:
  - {name: words, settings: {capacity: 100}}
stages:
  - {input: words, handler: builtin.upper, workers: 2, output: shouted}
)";

TEST_F(Flow, AWorkerRunsACommandForEachItemAndHandsTheResultOn) {
  client_.create_queue("tasks");
  client_.create_queue("results");
  client_.queue("tasks").put({.payload = "hello", .attributes = {{"file-name", "a b"}}});
  client_.queue("tasks").put("world");
  client_.queue("tasks").close();
  const Ran ran = run({"work", "tasks", "--output", "results", "--jobs", "2", "--", "sh", "-c",
                       "tr a-z A-Z; printf ' %s%s' \"$SLUICE_ATTEMPT\" \"$SLUICE_ATTR_FILE_NAME\""});
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  EXPECT_THAT(ran.error, HasSubstr("2 done, 0 failed"));
  client_.queue("results").close();
  std::vector<std::string> results;
  for (auto& item : client_.queue("results")) {
    results.push_back(item.payload());
    if (item.payload().starts_with("HELLO")) {
      EXPECT_EQ(item.attribute("file-name"), "a b");
    }
  }
  EXPECT_THAT(results, testing::UnorderedElementsAre("HELLO 1a b", "WORLD 1"));
}

TEST_F(Flow, AFailingCommandFailsItsItemAndNothingElse) {
  client_.create_queue("tasks", {.retry = {.max_attempts = 1}});
  client_.queue("tasks").put_all({"good", "bad"});
  client_.queue("tasks").close();
  const Ran ran = run(
      {"work", "tasks", "--", "sh", "-c", "read -r word; echo \"$word\"; [ \"$word\" = good ] || { echo oh no >&2; exit 7; }"});
  EXPECT_EQ(ran.exit_code, kOk);
  EXPECT_EQ(ran.output, "good\n") << "without --output results are printed, but not of a failure";
  EXPECT_THAT(ran.error, HasSubstr("1 done, 1 failed"));
  const auto dead = client_.queue("tasks.dead").peek();
  ASSERT_EQ(dead.size(), 1u);
  ASSERT_TRUE(dead[0].last_failure);
  EXPECT_EQ(dead[0].last_failure->reason, "EXIT_CODE");
  EXPECT_EQ(dead[0].last_failure->exit_code, 7);
  EXPECT_EQ(dead[0].last_failure->stderr_tail, "oh no\n");
}

TEST_F(Flow, AWorkersCommandThatDoesNotExistFailsTheItem) {
  client_.create_queue("tasks", {.retry = {.max_attempts = 1}});
  client_.queue("tasks").put("x");
  client_.queue("tasks").close();
  EXPECT_EQ(run({"work", "tasks", "--", "/nonexistent"}).exit_code, kOk);
  EXPECT_EQ(client_.queue("tasks.dead").peek().at(0).last_failure->reason, "SPAWN_FAILED");
}

TEST_F(Flow, AnInterruptLetsAWorkerFinishWhatRuns) {
  client_.create_queue("tasks");
  client_.create_queue("gate");
  client_.queue("tasks").put_all({"first", "second"});
  // The command waits for an item of "gate", so the test decides when it ends.
  const auto work = start({"work", "tasks", "--", SLUICE_BINARY, "--server", sluiced_.address(), "get", "gate", "--done"});
  ASSERT_TRUE(wait_until("gate", [](const QueueInfo& queue) { return queue.waiting_gets == 1; }));
  work->signal(SIGINT);
  client_.queue("gate").put("open");
  const Ran ran = work->wait();
  EXPECT_EQ(ran.exit_code, kInterrupted);
  EXPECT_EQ(ran.output, "open");
  EXPECT_THAT(ran.error, HasSubstr("1 done, 0 failed"));
  EXPECT_EQ(client_.queue("tasks").stats().waiting, 1u) << "the second was left alone";
}

TEST_F(Flow, ASecondInterruptGivesTheItemsBack) {
  client_.create_queue("tasks");
  client_.create_queue("gate");
  client_.queue("tasks").put("only");
  const auto work = start({"work", "tasks", "--", SLUICE_BINARY, "--server", sluiced_.address(), "get", "gate"});
  ASSERT_TRUE(wait_until("gate", [](const QueueInfo& queue) { return queue.waiting_gets == 1; }));
  work->signal(SIGINT);
  work->signal(SIGTERM);
  const Ran ran = work->wait();
  EXPECT_EQ(ran.exit_code, kInterrupted);
  EXPECT_THAT(ran.error, HasSubstr("0 done, 0 failed, 1 given back"));
  const QueueInfo tasks = client_.queue("tasks").stats();
  EXPECT_EQ(tasks.waiting, 1u);
  EXPECT_EQ(tasks.leased, 0u);
  EXPECT_TRUE(wait_until("gate", [](const QueueInfo& queue) { return queue.waiting_gets == 0; }))
      << "its command has gone with it";
}

TEST_F(Flow, JoinTellsTheProgressAndTheResult) {
  client_.create_queue("tasks");
  client_.queue("tasks").put_all({"a", "b", "c"});
  const auto join = start({"join", "tasks", "--interval", "10ms"});
  ASSERT_TRUE(wait_until("tasks", [](const QueueInfo& queue) { return queue.waiting_joins == 1; }));
  client_.queue("tasks").close();
  for ([[maybe_unused]] auto& item : client_.queue("tasks")) continue;
  const Ran ran = join->wait();
  EXPECT_EQ(ran.exit_code, kOk);
  EXPECT_THAT(ran.error, AllOf(HasSubstr("tasks: 0%  0 of 3 done"), HasSubstr("tasks: 100%  3 of 3 done")));
  EXPECT_THAT(ran.output, testing::StartsWith("tasks is done: 3 put, 3 done, 0 failed; waited "));
}

TEST_F(Flow, JoinSaysWhatIsStalledAndEndsWithItsTime) {
  client_.create_queue("tasks");
  client_.queue("tasks").put("x");
  const Ran ran = run({"join", "tasks", "--wait", "2s", "--interval", "10ms"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_THAT(ran.error,
              AllOf(HasSubstr("stalled: queue \"tasks\""), HasSubstr("no consumer"), HasSubstr("DEADLINE_EXCEEDED")));
}

TEST_F(Flow, JoinOfWhatDoesNotExist) {
  EXPECT_THAT(run({"join", "nothing"}).error, HasSubstr("sluice: QUEUE_NOT_FOUND: "));
  EXPECT_THAT(run({"join", "nothing", "--pipeline"}).error, HasSubstr("sluice: PIPELINE_NOT_FOUND: "));
}

TEST_F(Flow, APipelineFromItsFileToItsEnd) {
  const Ran created = run({"pipeline", "create", "-f", write_file("shout.yaml", kShout)});
  ASSERT_EQ(created.exit_code, kOk) << created.error;
  EXPECT_EQ(run({"put", "words", "a", "b", "c"}).exit_code, kOk);
  EXPECT_EQ(run_json({"stage", "scale", "shout", "words", "3"})["workers"], 3);
  EXPECT_EQ(run_json({"stage", "pause", "shout", "words"})["state"], "STAGE_STATE_PAUSED");
  EXPECT_EQ(run_json({"stage", "resume", "shout", "words"})["state"], "STAGE_STATE_RUNNING");
  EXPECT_THAT(run({"pipeline", "show", "shout"}).output, AllOf(HasSubstr("builtin.upper"), HasSubstr("shouted")));
  EXPECT_EQ(run({"pipeline", "close", "shout"}).exit_code, kOk);
  const Ran joined = run({"join", "shout"});
  EXPECT_EQ(joined.exit_code, kOk) << joined.error;
  EXPECT_THAT(joined.output, testing::StartsWith("shout is done: 3 put, 3 done, 0 failed"));
  EXPECT_THAT(run({"pipeline", "ls"}).output, AllOf(HasSubstr("shout"), HasSubstr("finished")));
  // Three workers: whichever was first.
  EXPECT_THAT(client_.queue("shouted").get()->payload(), testing::AnyOf("A", "B", "C"));
  EXPECT_EQ(run({"pipeline", "rm", "shout", "--force"}).exit_code, kOk);
  EXPECT_EQ(run({"pipeline", "show", "shout"}).exit_code, kFailed);
}

TEST_F(Flow, JoinsOfAPipelineCountEachStage) {
  ASSERT_EQ(run({"pipeline", "create", "-f", write_file("shout.yaml", kShout)}).exit_code, kOk);
  client_.queue("words").put_all({"a", "b"});
  EXPECT_THAT(run({"join", "shout"}).error, HasSubstr("; words 2/2"));
  const Ran ran = run({"--json", "join", "shout"});
  const json last = json::parse(ran.output.substr(ran.output.rfind('\n', ran.output.size() - 2) + 1));
  EXPECT_EQ(last["done"], true);
  EXPECT_EQ(last["pipeline"]["name"], "shout");
}

TEST_F(Flow, APipelineFileIsComplainedAboutByItsLines) {
  std::string text = kShout;
  text.replace(text.find("workers"), 7, "wokers");
  const Ran unknown = run({"pipeline", "create", "-f", write_file("a.yaml", text)});
  EXPECT_EQ(unknown.exit_code, kFailed);
  EXPECT_THAT(unknown.error, AllOf(HasSubstr("a.yaml:5:"), HasSubstr("workers")));

  text = kShout;
  text.replace(text.find("workers: 2"), 10, "workers: 20000");
  const Ran too_many = run({"pipeline", "create", "-f", write_file("b.yaml", text)});
  EXPECT_EQ(too_many.exit_code, kFailed);
  EXPECT_THAT(too_many.error, AllOf(HasSubstr("INVALID_"), HasSubstr("b.yaml:5:"))) << "what the server says has the line too";

  EXPECT_THAT(run({"pipeline", "create", "-f", "/nonexistent.yaml"}).error, HasSubstr("/nonexistent.yaml"));
}

}  // namespace
}  // namespace sluice::cli
