// `sluice work --stage`, `workers` and `why`, against the server.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class StageCommands : public CommandTest {
 protected:
  StageCommands() {
    client_.create_queue("gate");
    pipeline_ = client_.create_pipeline(
        {.name = "letters", .stages = {{.name = "shout", .input = "words", .output = "loud", .retry = {.max_attempts = 1}}}});
  }

  // A worker whose command waits for an item of "gate", so that the test decides when it ends; once it waits.
  std::unique_ptr<Running> start_gated(const std::string& name) {
    auto work = start({"work", "--stage", "letters/shout", "--name", name, "--", SLUICE_BINARY, "--server", sluiced_.address(),
                       "get", "gate", "--done"});
    EXPECT_TRUE(wait_until("gate", [](const QueueInfo& queue) { return queue.waiting_gets == 1; }));
    return work;
  }

  [[nodiscard]] std::vector<std::string> payloads(const std::string& queue) const {
    std::vector<std::string> all;
    for (const PeekedItem& item : client_.queue(queue).peek()) all.push_back(item.payload);
    return all;
  }

  Pipeline pipeline_ = client_.pipeline("letters");
};

TEST_F(StageCommands, ACommandWorksAndTheServerHandsOn) {
  pipeline_.queue("words").put({.payload = "hello", .attributes = {{"file-name", "a b"}}});
  pipeline_.close();
  const Ran ran = run({"work", "--stage", "letters/shout", "--concurrency", "2", "--", "sh", "-c",
                       "tr a-z A-Z; printf ' %s %s %s' \"$SLUICE_STAGE\" \"$SLUICE_QUEUE\" \"$SLUICE_ATTR_FILE_NAME\""});
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  EXPECT_EQ(ran.output, "");
  EXPECT_THAT(ran.error, AllOf(HasSubstr("attached to stage shout of pipeline letters"), HasSubstr("1 done, 0 failed")));
  EXPECT_THAT(payloads("loud"), testing::ElementsAre("HELLO shout words a b"));
  EXPECT_EQ(client_.queue("loud").peek().at(0).attributes.at("file-name"), "a b");
  EXPECT_TRUE(pipeline_.stats().finished);
}

TEST_F(StageCommands, AFailingCommandFailsItsItemAndNothingElse) {
  pipeline_.queue("words").put_all({"good", "bad"});
  pipeline_.close();
  const Ran ran = run({"work", "--stage", "letters/shout", "--", "sh", "-c", "read -r word; [ \"$word\" = good ] || exit 7"});
  EXPECT_EQ(ran.exit_code, kOk);
  EXPECT_THAT(ran.error, HasSubstr("1 done, 1 failed"));
  EXPECT_EQ(client_.queue("words.dead").peek().at(0).last_failure->exit_code, 7);
}

TEST_F(StageCommands, AnInterruptLetsItFinishWhatRuns) {
  pipeline_.queue("words").put_all({"first", "second"});
  const auto work = start_gated("w");
  work->signal(SIGINT);
  client_.queue("gate").put("open");
  const Ran ran = work->wait();
  EXPECT_EQ(ran.exit_code, kInterrupted);
  EXPECT_THAT(ran.error, HasSubstr("1 done, 0 failed"));
  EXPECT_THAT(payloads("loud"), testing::ElementsAre("open"));
  const QueueInfo words = client_.queue("words").stats();
  EXPECT_EQ(words.waiting, 1u) << "the second was left alone";
  EXPECT_EQ(words.counters.lease_lost, 0u);
}

TEST_F(StageCommands, ASecondInterruptGivesTheItemBack) {
  pipeline_.queue("words").put("only");
  const auto work = start_gated("w");
  work->signal(SIGINT);
  work->signal(SIGTERM);
  const Ran ran = work->wait();
  EXPECT_EQ(ran.exit_code, kInterrupted);
  EXPECT_THAT(ran.error, HasSubstr("0 done, 0 failed, 1 given back"));
  const auto items = client_.queue("words").peek();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].state, ItemState::kWaiting);
  EXPECT_EQ(items[0].attempt, 0u);
}

TEST_F(StageCommands, WorkersAreListed) {
  EXPECT_THAT(run({"workers"}).output, HasSubstr("NAME"));
  pipeline_.queue("words").put("x");
  const auto work = start_gated("elm");
  const auto worker = run_json({"workers", "letters"});
  EXPECT_EQ(worker["name"], "elm");
  EXPECT_EQ(worker["pipeline"], "letters");
  EXPECT_EQ(worker["stage"], "shout");
  EXPECT_EQ(worker["in_flight"], "1");
  EXPECT_THAT(worker["host"].get<std::string>(), StartsWith("127.0.0.1:"));
  EXPECT_THAT(run({"workers"}).output, HasSubstr("elm"));
  EXPECT_EQ(run({"workers", "nothing"}).exit_code, kFailed);
  client_.queue("gate").put("open");
  pipeline_.close();
  EXPECT_EQ(work->wait().exit_code, kOk);
}

TEST_F(StageCommands, AStageThatIsNotThereIsAnError) {
  const Ran ran = run({"work", "--stage", "letters/whisper", "--", "true"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_THAT(ran.error, HasSubstr("STAGE_NOT_FOUND"));
  EXPECT_EQ(run({"work", "--stage", "shout", "--pipeline", "numbers", "--", "true"}).exit_code, kFailed);
}

TEST_F(StageCommands, WhySaysWhatHoldsAPipelineUpAndWhatToDo) {
  const Ran idle = run({"why", "letters"});
  EXPECT_EQ(idle.exit_code, kOk);
  EXPECT_THAT(idle.output, HasSubstr("has nothing to do"));
  pipeline_.queue("words").put("x");
  const Ran stalled = run({"why", "letters"});
  EXPECT_EQ(stalled.exit_code, kStalled);
  EXPECT_EQ(stalled.output,
            "pipeline \"letters\" does not move; 1 item unfinished\n"
            "  NO_WORKER: stage \"shout\" has no worker attached, and queue \"words\" has 1 waiting item\n"
            "    attach a worker: sluice work --stage letters/shout -- COMMAND\n");
  const Ran json = run({"--json", "why", "letters"});
  EXPECT_EQ(json.exit_code, kStalled);
  const auto answer = nlohmann::json::parse(json.output);
  EXPECT_EQ(answer["state"], "stalled");
  EXPECT_EQ(answer["unfinished"], "1");
  EXPECT_EQ(answer["stalls"][0]["reason"], "NO_WORKER");
  EXPECT_EQ(answer["stalls"][0]["queue"], "words");
  pipeline_.pause("shout");
  EXPECT_THAT(run({"why", "letters"}).output, HasSubstr("sluice stage resume letters shout"));
  pipeline_.resume("shout");
  const auto work = start_gated("w");
  const Ran moving = run({"why", "letters"});
  EXPECT_EQ(moving.exit_code, kOk);
  EXPECT_THAT(moving.output, HasSubstr("stage \"shout\" works on 1 item"));
  client_.queue("gate").put("open");
  pipeline_.close();
  EXPECT_EQ(work->wait().exit_code, kOk);
  EXPECT_EQ(run_json({"why", "letters"})["state"], "finished");
  EXPECT_EQ(run({"why", "numbers"}).exit_code, kFailed);
}

}  // namespace
}  // namespace sluice::cli
