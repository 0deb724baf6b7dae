#include "client/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Speed::Instant kStart{};

void fill(v1::Queue& queue, const std::string& name, std::uint64_t put, std::uint64_t done, std::uint64_t dead) {
  queue.set_name(name);
  queue.mutable_counters()->set_put(put);
  queue.mutable_counters()->set_done(done);
  queue.mutable_counters()->set_dead_lettered(dead);
  queue.set_unfinished(put - done - dead);
  queue.set_waiting(queue.unfinished());
}

void add_stage(v1::Pipeline& pipeline, const std::string& input, const std::string& output) {
  v1::Stage& stage = *pipeline.add_stages();
  stage.mutable_spec()->set_name(input);
  stage.mutable_spec()->set_input(input);
  stage.mutable_spec()->set_output(output);
  stage.set_workers(3);
}

v1::Pipeline photos() {
  v1::Pipeline pipeline;
  pipeline.set_name("photos");
  add_stage(pipeline, "download", "resize");
  add_stage(pipeline, "resize", "upload");
  add_stage(pipeline, "upload", "gallery");
  fill(*pipeline.add_queues(), "download", 36, 20, 1);
  fill(*pipeline.add_queues(), "resize", 20, 12, 1);
  fill(*pipeline.add_queues(), "upload", 12, 10, 0);
  fill(*pipeline.add_queues(), "gallery", 10, 0, 0);
  return pipeline;
}

TEST(ProgressOfAQueue, CountsWhatIsFinishedInWhateverWay) {
  v1::Queue queue;
  fill(queue, "tasks", 10, 5, 1);
  const Progress progress = progress_of(queue);
  EXPECT_EQ(progress.steps_done, 6u);
  EXPECT_EQ(progress.steps_left, 4u);
  EXPECT_DOUBLE_EQ(progress.fraction(), 0.6);
  EXPECT_EQ(result_text(progress), "10 put, 5 done, 1 failed");
}

TEST(ProgressOfAQueue, IsCompleteWithNothingToDo) { EXPECT_DOUBLE_EQ(progress_of(v1::Queue()).fraction(), 1.0); }

TEST(ProgressOfAPipeline, CountsTheStagesThatItemsHaveBeforeThem) {
  const Progress progress = progress_of(photos());
  EXPECT_EQ(progress.put, 36u) << "what came in from outside";
  EXPECT_EQ(progress.done, 10u) << "what left the last stage; the gallery is read by none";
  EXPECT_EQ(progress.failed, 2u);
  EXPECT_EQ(progress.steps_done, 21u + 13u + 10u);
  EXPECT_EQ(progress.steps_left, 15u * 3 + 7u * 2 + 2u * 1);
  ASSERT_EQ(progress.stages.size(), 3u);
  EXPECT_EQ(progress.stages[1].failed, 1u);
  EXPECT_EQ(progress.stages[1].finished, 13u);
}

TEST(ProgressOfAPipeline, EndsInACircle) {
  v1::Pipeline pipeline;
  add_stage(pipeline, "a", "b");
  add_stage(pipeline, "b", "a");
  fill(*pipeline.add_queues(), "a", 1, 0, 0);
  EXPECT_EQ(progress_of(pipeline).steps_left, 2u);
}

TEST(Speed, IsUnknownAtFirst) {
  Speed speed;
  speed.add(100, kStart);
  EXPECT_EQ(speed.per_second(), 0.0);
  EXPECT_FALSE(speed.time_for(10).has_value());
}

TEST(Speed, FollowsWhatHappensNow) {
  Speed speed;
  speed.add(0, kStart);
  speed.add(10, kStart + 1s);
  EXPECT_DOUBLE_EQ(speed.per_second(), 10.0);
  EXPECT_EQ(speed.time_for(20), 2s);
  for (int second = 2; second < 60; ++second) speed.add(10, kStart + std::chrono::seconds(second));
  EXPECT_LT(speed.per_second(), 0.01) << "nothing has moved for a minute";
}

TEST(BarLines, ShowBarNumbersStagesAndStalls) {
  v1::Pipeline pipeline = photos();
  pipeline.add_stalls()->set_message("queue \"gallery\" is full (10 of 10) and has no consumer");
  const auto lines = bar_lines(progress_of(pipeline), Speed(), 100);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_THAT(lines[0], HasSubstr("photos  [==="));
  EXPECT_THAT(lines[0], HasSubstr("41%  10 of 36 done, 2 failed"));
  EXPECT_THAT(lines[3], HasSubstr("resize"));
  EXPECT_THAT(lines[5], HasSubstr("stalled: queue \"gallery\" is full"));
}

TEST(BarLines, FitTheTerminal) {
  for (const std::size_t columns : {20U, 60U, 80U, 300U}) {
    for (const std::string& line : bar_lines(progress_of(photos()), Speed(), columns)) EXPECT_LE(line.size(), columns);
  }
}

TEST(BarLines, LeaveStagesOutFirstWhereTheTerminalIsLow) {
  v1::Pipeline pipeline = photos();
  pipeline.add_stalls()->set_message("nobody takes");
  for (const std::size_t most : {2U, 3U, 4U, 5U}) {
    const auto lines = bar_lines(progress_of(pipeline), Speed(), 80, most);
    EXPECT_LE(lines.size(), most);
    EXPECT_THAT(lines.front(), HasSubstr("photos  ["));
    EXPECT_THAT(lines.back(), HasSubstr("nobody takes")) << most;
  }
  EXPECT_THAT(bar_lines(progress_of(pipeline), Speed(), 80, 5)[3], HasSubstr("and 2 more"));
}

TEST(PlainLine, SaysTheSameInOne) {
  EXPECT_THAT(plain_line(progress_of(photos()), Speed()),
              testing::AllOf(HasSubstr("photos: 41%  10 of 36 done, 2 failed"), HasSubstr("resize 13/20 (1 failed)")));
}

}  // namespace
}  // namespace sluice::cli
