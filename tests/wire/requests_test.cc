#include "server/wire/requests.h"

#include <limits>

#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;

TEST(CheckName, NamesTheField) {
  EXPECT_THAT(check_name("queue", "tasks.dead"), IsOk());
  EXPECT_THAT(check_name("pipeline", "?"), RefusedFor(Reason::kInvalidName, "pipeline"));
}

TEST(CreateQueue, WantsAQueue) {
  v1::CreateQueueRequest request;
  EXPECT_THAT(spec_of(request), RefusedFor(Reason::kInvalidValue, "queue"));
  request.mutable_queue()->set_name("!");
  EXPECT_THAT(spec_of(request), RefusedFor(Reason::kInvalidName, "queue.name"));
  request.mutable_queue()->set_name("tasks");
  EXPECT_THAT(spec_of(request), IsOk());
}

TEST(CreatePipeline, WantsAPipeline) {
  v1::CreatePipelineRequest request;
  EXPECT_THAT(spec_of(request), RefusedFor(Reason::kInvalidValue, "pipeline"));
  request.mutable_pipeline()->set_name("p");
  EXPECT_THAT(spec_of(request), RefusedFor(Reason::kInvalidPipeline, "pipeline.stages"));
}

TEST(UpdateQueue, ChecksNameAndSettings) {
  v1::UpdateQueueRequest request;
  EXPECT_THAT(patch_of(request), RefusedFor(Reason::kInvalidName, "queue"));
  request.set_queue("tasks");
  EXPECT_THAT(patch_of(request), IsOk());
  request.mutable_settings()->set_dead_letter_queue("tasks");
  EXPECT_THAT(patch_of(request), RefusedFor(Reason::kInvalidValue, "settings.dead_letter_queue"));
}

TEST(Pages, HaveADefaultAndABound) {
  v1::ListQueuesRequest request;
  EXPECT_EQ(page_of(request)->size, 100U);
  request.set_page_size(1);
  EXPECT_EQ(page_of(request)->size, 1U);
  request.set_page_size(1'000);
  EXPECT_EQ(page_of(request)->size, 1'000U);
  request.set_page_size(1'001);
  EXPECT_THAT(page_of(request), RefusedFor(Reason::kInvalidValue, "page_size"));
}

TEST(Pages, GoOnWhereTheLastOneEnded) {
  v1::ListPipelinesRequest request;
  EXPECT_EQ(page_of(request)->after, "");
  request.set_page_token(token_after("tasks.dead"));
  EXPECT_EQ(page_of(request)->after, "tasks.dead");
}

TEST(Pages, RefuseForeignTokens) {
  for (const std::string& token :
       {std::string("x"), std::string("after:"), std::string("after:?"), token_at(5), "after:" + std::string(300, 'a')}) {
    v1::ListHandlersRequest request;
    request.set_page_token(token);
    EXPECT_THAT(page_of(request), RefusedFor(Reason::kInvalidValue, "page_token")) << token;
  }
}

v1::PeekRequest peek_request() {
  v1::PeekRequest request;
  request.set_queue("tasks");
  return request;
}

TEST(Peek, HasDefaults) {
  const auto peek = peek_of(peek_request());
  ASSERT_THAT(peek, IsOk());
  EXPECT_EQ(peek->queue, "tasks");
  EXPECT_EQ(peek->limit, 10U);
  EXPECT_EQ(peek->offset, 0U);
  EXPECT_EQ(peek->max_payload_bytes, 1024U);
  EXPECT_FALSE(peek->state);
}

TEST(Peek, ChecksEveryField) {
  auto request = peek_request();
  request.set_page_size(1'001);
  EXPECT_THAT(peek_of(request), RefusedFor(Reason::kInvalidValue, "page_size"));
  request = peek_request();
  request.set_max_payload_bytes(1 << 20);
  EXPECT_THAT(peek_of(request), IsOk());
  request.set_max_payload_bytes((1 << 20) + 1);
  EXPECT_THAT(peek_of(request), RefusedFor(Reason::kInvalidValue, "max_payload_bytes"));
  request = peek_request();
  request.set_state(static_cast<v1::ItemState>(4));
  EXPECT_THAT(peek_of(request), RefusedFor(Reason::kInvalidValue, "state"));
  request.set_state(v1::ITEM_STATE_DELAYED);
  EXPECT_EQ(peek_of(request)->state, model::ItemState::kDelayed);
}

TEST(Peek, TakesOnlyItsOwnTokens) {
  auto request = peek_request();
  request.set_page_token(token_at(120));
  EXPECT_EQ(peek_of(request)->offset, 120U);
  for (const std::string token :
       {"at:", "at:-1", "at:1x", "at:99999999999999999999", "at:9223372036854775807", "after:x", "120"}) {
    request.set_page_token(token);
    EXPECT_THAT(peek_of(request), RefusedFor(Reason::kInvalidValue, "page_token")) << token;
  }
}

TEST(Join, ChecksNameAndInterval) {
  v1::JoinQueueRequest request;
  EXPECT_THAT(join_of(request), RefusedFor(Reason::kInvalidName, "queue"));
  request.set_queue("tasks");
  EXPECT_EQ(join_of(request)->progress_interval, 1s);
  EXPECT_FALSE(join_of(request)->since_idle_count);
  *request.mutable_progress_interval() = duration(0, 10'000'000);
  EXPECT_EQ(join_of(request)->progress_interval, 10ms);
  *request.mutable_progress_interval() = duration(3'600);
  EXPECT_THAT(join_of(request), IsOk());
  for (const auto& interval : {duration(0), duration(0, 9'999'000), duration(3'601)}) {
    *request.mutable_progress_interval() = interval;
    EXPECT_THAT(join_of(request), RefusedFor(Reason::kInvalidValue, "progress_interval"));
  }
}

TEST(Join, RemembersZeroIdleCounts) {
  v1::JoinPipelineRequest request;
  EXPECT_THAT(join_of(request), RefusedFor(Reason::kInvalidName, "pipeline"));
  request.set_pipeline("p");
  request.set_since_idle_count(0);
  EXPECT_EQ(join_of(request)->since_idle_count, 0U);
}

TEST(Stages, AreNamedByPipelineAndStage) {
  v1::ScaleStageRequest request;
  EXPECT_THAT(check(request), RefusedFor(Reason::kInvalidName, "pipeline"));
  request.set_pipeline("p");
  EXPECT_THAT(check(request), RefusedFor(Reason::kInvalidName, "stage"));
  request.set_stage("s");
  EXPECT_THAT(check(request), IsOk());
  request.set_workers(1'000);
  EXPECT_THAT(check(request), IsOk());
  request.set_workers(1'001);
  EXPECT_THAT(check(request), RefusedFor(Reason::kInvalidValue, "workers"));
  EXPECT_THAT(check(v1::PauseStageRequest()), RefusedFor(Reason::kInvalidName, "pipeline"));
  EXPECT_THAT(check(v1::ResumeStageRequest()), RefusedFor(Reason::kInvalidName, "pipeline"));
}

}  // namespace
}  // namespace sluice::wire
