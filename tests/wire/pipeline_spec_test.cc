#include <google/protobuf/text_format.h>

#include "server/wire/spec.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::AllOf;

v1::PipelineSpec spec_from(const std::string& text) {
  v1::PipelineSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

absl::StatusOr<model::PipelineSpec> read(const std::string& text) { return pipeline_spec(spec_from(text)); }

TEST(PipelineSpec, FillsInDefaults) {
  const auto pipeline = read(R"(name: "photos" stages { input: "a" output: "b" handler: "echo" })");
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_EQ(pipeline->name, "photos");
  EXPECT_TRUE(pipeline->queues.empty());
  const model::StageSpec stage{"a", "a", "b", "echo", 1};
  EXPECT_THAT(pipeline->stages, testing::ElementsAre(stage));
}

TEST(PipelineSpec, TakesZeroWorkersAndNoOutput) {
  const auto pipeline = read(R"(name: "p" stages { name: "s" input: "a" handler: "echo" workers: 0 })");
  ASSERT_THAT(pipeline, IsOk());
  const model::StageSpec stage{"s", "a", "", "echo", 0};
  EXPECT_THAT(pipeline->stages, testing::ElementsAre(stage));
}

TEST(PipelineSpec, AStageWithoutAHandlerIsForRemoteWorkersOnly) {
  for (const char* stage :
       {R"(stages { input: "a" })", R"(stages { input: "a" handler: "remote" })", R"(stages { input: "a" workers: 0 })"}) {
    const auto pipeline = read(std::string(R"(name: "p" )") + stage);
    ASSERT_THAT(pipeline, IsOk()) << stage;
    EXPECT_TRUE(pipeline->stages[0].remote());
    EXPECT_EQ(pipeline->stages[0].workers, 0U);
  }
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" workers: 1 })"),
              AllOf(RefusedFor(Reason::kInvalidPipeline, "stages[0].workers"), Saying("no handler")));
}

TEST(PipelineSpec, LetsAStageFeedItsOwnInput) {
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" output: "a" handler: "echo" })"), IsOk());
}

TEST(PipelineSpec, FoldsRetryIntoTheInput) {
  const auto pipeline = read(R"(name: "p"
    queues { name: "a" settings { capacity: 10 retry { jitter: 0 max_attempts: 3 } } }
    stages { input: "a" output: "b" handler: "echo" retry { max_attempts: 3 multiplier: 1.5 } }
    stages { input: "b" handler: "echo" retry { initial_backoff { seconds: 2 } } })");
  ASSERT_THAT(pipeline, IsOk());
  ASSERT_EQ(pipeline->queues.size(), 2U);
  const auto& a = pipeline->queues[0].settings;
  EXPECT_EQ(a.capacity, 10U);
  EXPECT_EQ(a.max_attempts, 3U);
  EXPECT_EQ(a.multiplier, 1.5);
  EXPECT_EQ(a.jitter, 0.0);
  EXPECT_EQ(pipeline->queues[1].name, "b");
  EXPECT_EQ(pipeline->queues[1].settings.initial_backoff, 2s);
  EXPECT_FALSE(pipeline->queues[1].settings.max_attempts);
}

TEST(PipelineSpec, RefusesTwoRetryPoliciesOfOneQueue) {
  EXPECT_THAT(read(R"(name: "p"
    queues { name: "a" settings { retry { max_attempts: 2 } } }
    stages { input: "a" handler: "echo" retry { max_attempts: 3 } })"),
              RefusedFor(Reason::kInvalidPipeline, "stages[0].retry"));
  EXPECT_THAT(read(R"(name: "p"
    stages { name: "x" input: "a" handler: "echo" retry { jitter: 0.5 } }
    stages { name: "y" input: "a" handler: "echo" retry { jitter: 0.25 } })"),
              AllOf(RefusedFor(Reason::kInvalidPipeline, "stages[1].retry"), Saying("\"a\"")));
  EXPECT_THAT(read(R"(name: "p"
    stages { name: "x" input: "a" handler: "echo" retry { jitter: 0.5 } }
    stages { name: "y" input: "a" handler: "echo" retry { jitter: 0.5 } })"),
              IsOk());
}

TEST(PipelineSpec, ChecksBackoffsAfterFolding) {
  EXPECT_THAT(read(R"(name: "p"
    queues { name: "a" settings { retry { max_backoff { seconds: 2 } } } }
    stages { input: "a" handler: "echo" retry { initial_backoff { seconds: 3 } } })"),
              AllOf(RefusedFor(Reason::kInvalidValue, "queues[0]"), Saying("max_backoff")));
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" handler: "echo" retry { initial_backoff { seconds: 3000 } } })"),
              RefusedFor(Reason::kInvalidValue, "stages"));
}

TEST(PipelineSpec, WantsStages) {
  EXPECT_THAT(read(R"(name: "p")"), RefusedFor(Reason::kInvalidPipeline, "stages"));
  const auto with_stages = [](int count) {
    v1::PipelineSpec spec;
    spec.set_name("p");
    for (int i = 0; i < count; ++i) {
      auto& stage = *spec.add_stages();
      stage.set_input("q" + std::to_string(i));
      stage.set_handler("echo");
    }
    return pipeline_spec(spec);
  };
  EXPECT_THAT(with_stages(1), IsOk());
  EXPECT_THAT(with_stages(100), IsOk());
  EXPECT_THAT(with_stages(101), AllOf(RefusedFor(Reason::kInvalidPipeline, "stages"), Saying("1 to 100")));
}

TEST(PipelineSpec, RefusesTwoStagesOfOneName) {
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" handler: "echo" } stages { name: "a" input: "b" handler: "echo" })"),
              RefusedFor(Reason::kInvalidPipeline, "stages[1]"));
}

TEST(PipelineSpec, RefusesAQueueListedTwice) {
  EXPECT_THAT(read(R"(name: "p" queues { name: "a" } queues { name: "a" } stages { input: "a" handler: "echo" })"),
              RefusedFor(Reason::kInvalidPipeline, "queues[1]"));
}

TEST(PipelineSpec, RefusesAQueueThatNoStageUses) {
  EXPECT_THAT(read(R"(name: "p" queues { name: "z" } stages { input: "a" output: "b" handler: "echo" })"),
              AllOf(RefusedFor(Reason::kInvalidPipeline, "queues[0]"), Saying("\"z\"")));
  EXPECT_THAT(read(R"(name: "p" queues { name: "b" } stages { input: "a" output: "b" handler: "echo" })"), IsOk());
}

TEST(PipelineSpec, TakesDeadLetterQueuesForUsed) {
  EXPECT_THAT(read(R"(name: "p" queues { name: "a.dead" } stages { input: "a" handler: "echo" })"), IsOk());
  EXPECT_THAT(read(R"(name: "p" queues { name: "b.dead" } stages { input: "a" output: "b" handler: "echo" })"), IsOk());
  EXPECT_THAT(read(R"(name: "p" queues { name: "morgue" } queues { name: "a" settings { dead_letter_queue: "morgue" } }
                      stages { input: "a" handler: "echo" })"),
              IsOk());
  EXPECT_THAT(read(R"(name: "p" queues { name: "a" settings { dead_letter_queue: "-" } } queues { name: "a.dead" }
                      stages { input: "a" handler: "echo" })"),
              RefusedFor(Reason::kInvalidPipeline, "queues[1]"));
}

TEST(PipelineSpec, ChecksEveryField) {
  EXPECT_THAT(read(R"(name: "" stages { input: "a" handler: "echo" })"), RefusedFor(Reason::kInvalidName, "name"));
  EXPECT_THAT(read(R"(name: "p" stages { handler: "echo" })"), RefusedFor(Reason::kInvalidName, "stages[0].input"));
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" handler: "?" })"), RefusedFor(Reason::kInvalidName, "stages[0].handler"));
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" output: " " handler: "echo" })"),
              RefusedFor(Reason::kInvalidName, "stages[0].output"));
  EXPECT_THAT(read(R"(name: "p" stages { name: "?" input: "a" handler: "echo" })"),
              RefusedFor(Reason::kInvalidName, "stages[0].name"));
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" handler: "echo" workers: 1000 })"), IsOk());
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" handler: "echo" workers: 1001 })"),
              RefusedFor(Reason::kInvalidValue, "stages[0].workers"));
  EXPECT_THAT(read(R"(name: "p" stages { input: "a" handler: "echo" retry { jitter: 2 } })"),
              RefusedFor(Reason::kInvalidValue, "stages[0].retry.jitter"));
  EXPECT_THAT(read(R"(name: "p" queues { name: "a" settings { capacity: 4294967295 } } stages { input: "a" handler: "echo" })"),
              RefusedFor(Reason::kInvalidValue, "queues[0].settings.capacity"));
}

TEST(PipelineSpec, RefusesMoreQueuesThanStagesCouldUse) {
  auto spec = spec_from(R"(name: "p" stages { input: "a" handler: "echo" })");
  for (int i = 0; i < 100'000; ++i) spec.add_queues()->set_name("q" + std::to_string(i));
  EXPECT_THAT(pipeline_spec(spec), RefusedFor(Reason::kInvalidPipeline, "queues"));
}

}  // namespace
}  // namespace sluice::wire
