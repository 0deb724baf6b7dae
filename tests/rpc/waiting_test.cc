// Calls that wait: for room, for items, and until they are cancelled or their time is up.
#include <fstream>
#include <vector>

#include "tests/rpc/fixture.h"
#include "tests/rpc/held_journal.h"
#include "tests/rpc/reaction_log.h"

namespace sluice::rpc {
namespace {

using Queues = Client::Queues;
using grpc::StatusCode;

class WaitingTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks", 1), IsOk()); }

  bool eventually_waiting_puts(std::uint64_t count) {
    return eventually([&] { return client_.look("tasks").waiting_puts() == count; });
  }
  bool eventually_waiting_gets(std::uint64_t count) {
    return eventually([&] { return client_.look("tasks").waiting_gets() == count; });
  }
};

TEST_F(WaitingTest, APutWaitsForRoom) {
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  const auto put = client_.start_put("tasks", "b");
  ASSERT_TRUE(eventually_waiting_puts(1));
  EXPECT_TRUE(put->under_way());
  EXPECT_EQ(client_.get("tasks").payload(), "a");
  EXPECT_THAT(put->end(), IsOk());
  EXPECT_EQ(client_.get("tasks").payload(), "b");
}

TEST_F(WaitingTest, APutThatWasCancelledNeverHappens) {
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  const auto put = client_.start_put("tasks", "b");
  ASSERT_TRUE(eventually_waiting_puts(1));
  put->context.TryCancel();
  EXPECT_EQ(put->end().error_code(), StatusCode::CANCELLED);
  ASSERT_TRUE(eventually_waiting_puts(0));
  EXPECT_EQ(client_.get("tasks").payload(), "a");
  EXPECT_EQ(client_.look("tasks").waiting(), 0U);
  EXPECT_EQ(client_.look("tasks").counters().put(), 1U);
}

TEST_F(WaitingTest, APutEndsAtItsDeadline) {
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  const auto put = client_.start_put("tasks", "b", 50ms);
  EXPECT_EQ(put->end().error_code(), StatusCode::DEADLINE_EXCEEDED);
  ASSERT_TRUE(eventually_waiting_puts(0));
  EXPECT_EQ(client_.look("tasks").counters().put(), 1U);
}

TEST_F(WaitingTest, APutWaitsNoLongerThanItSays) {
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  v1::PutRequest request;
  request.set_queue("tasks");
  request.add_items();
  *request.mutable_max_wait() = duration(20ms);
  v1::PutResponse response;
  EXPECT_THAT(client_.call(&Queues::Put, request, response), FailsWith(StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL"));
}

TEST_F(WaitingTest, AClosedQueueEndsItsPuts) {
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  const auto put = client_.start_put("tasks", "b");
  ASSERT_TRUE(eventually_waiting_puts(1));
  v1::CloseQueueRequest request;
  request.set_queue("tasks");
  v1::CloseQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::CloseQueue, request, response), IsOk());
  EXPECT_THAT(put->end(), FailsWith(StatusCode::FAILED_PRECONDITION, "QUEUE_CLOSED"));
}

TEST_F(WaitingTest, ADeletedQueueEndsItsGets) {
  const auto get = client_.start_get("tasks");
  ASSERT_TRUE(eventually_waiting_gets(1));
  v1::DeleteQueueRequest request;
  request.set_queue("tasks");
  v1::DeleteQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::DeleteQueue, request, response), IsOk());
  const auto status = get->end();
  EXPECT_THAT(status, FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  EXPECT_EQ(metadata_of(status, "queue"), "tasks");
}

TEST_F(WaitingTest, GetsAreServedInOrderOfArrival) {
  const auto first = client_.start_get("tasks");
  ASSERT_TRUE(eventually_waiting_gets(1));
  const auto second = client_.start_get("tasks");
  ASSERT_TRUE(eventually_waiting_gets(2));
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  ASSERT_THAT(client_.put("tasks", "b"), IsOk());
  ASSERT_THAT(first->end(), IsOk());
  ASSERT_THAT(second->end(), IsOk());
  EXPECT_EQ(first->response.items(0).payload(), "a");
  EXPECT_EQ(second->response.items(0).payload(), "b");
}

TEST_F(WaitingTest, AGetWaitsNoLongerThanItSays) {
  v1::GetRequest request;
  request.set_queue("tasks");
  *request.mutable_max_wait() = duration(20ms);
  v1::GetResponse response;
  ASSERT_THAT(client_.call(&Queues::Get, request, response), IsOk());
  EXPECT_EQ(response.items_size(), 0);
  EXPECT_FALSE(response.end_of_queue());
}

TEST_F(WaitingTest, AGetThatWasCancelledTakesNothing) {
  const auto get = client_.start_get("tasks");
  ASSERT_TRUE(eventually_waiting_gets(1));
  get->context.TryCancel();
  EXPECT_EQ(get->end().error_code(), StatusCode::CANCELLED);
  ASSERT_TRUE(eventually_waiting_gets(0));
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  EXPECT_EQ(client_.get("tasks").attempt(), 1U);
}

TEST_F(WaitingTest, AGetEndsAtItsDeadline) {
  const auto get = client_.start_get("tasks", 50ms);
  EXPECT_EQ(get->end().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(eventually_waiting_gets(0));
}

TEST_F(WaitingTest, ADeadlineFurtherThanTimeReachesIsNone) {
  auto pending = std::make_unique<Pending<v1::GetResponse>>();
  gpr_timespec deadline = gpr_now(GPR_CLOCK_REALTIME);
  deadline.tv_sec += 3'600LL * 99'999'999;
  pending->context.set_deadline(deadline);
  v1::GetRequest request;
  request.set_queue("tasks");
  client_.queues().async()->Get(&pending->context, &request, &pending->response,
                                [&](const grpc::Status& status) { pending->done.set_value(status); });
  ASSERT_TRUE(eventually_waiting_gets(1));
  ASSERT_THAT(client_.put("tasks", "a"), IsOk());
  EXPECT_THAT(pending->end(), IsOk());
}

TEST_F(WaitingTest, ACompletionWaitsForRoomAndOthersDoNot) {
  ASSERT_THAT(client_.create("from", 10), IsOk());
  ASSERT_THAT(client_.put("tasks", "full"), IsOk());
  ASSERT_THAT(client_.put("from", "x"), IsOk());
  ASSERT_THAT(client_.put("from", "y"), IsOk());
  v1::CompleteRequest request;
  request.set_queue("from");
  auto& waiting = *request.add_completions();
  waiting.set_lease_token(client_.get("from").lease_token());
  auto& output = *waiting.add_outputs();
  output.set_queue("tasks");
  output.mutable_item()->set_payload("result");
  request.add_completions()->set_lease_token(client_.get("from").lease_token());

  const auto complete = client_.start_complete(request);
  ASSERT_TRUE(eventually_waiting_puts(1));
  EXPECT_EQ(client_.look("from").counters().done(), 1U);
  EXPECT_TRUE(complete->under_way());
  EXPECT_EQ(client_.get("tasks").payload(), "full");
  ASSERT_THAT(complete->end(), IsOk());
  ASSERT_EQ(complete->response.results_size(), 2);
  EXPECT_EQ(complete->response.results(0).error_reason(), "");
  EXPECT_EQ(complete->response.results(1).error_reason(), "");
  EXPECT_EQ(client_.get("tasks").payload(), "result");
}

TEST_F(WaitingTest, ACompletionThatWasCancelledChangesNothing) {
  ASSERT_THAT(client_.create("from", 10), IsOk());
  ASSERT_THAT(client_.put("tasks", "full"), IsOk());
  ASSERT_THAT(client_.put("from", "x"), IsOk());
  const auto item = client_.get("from");
  v1::CompleteRequest request;
  request.set_queue("from");
  auto& completion = *request.add_completions();
  completion.set_lease_token(item.lease_token());
  completion.add_outputs()->set_queue("tasks");
  const auto complete = client_.start_complete(request);
  ASSERT_TRUE(eventually_waiting_puts(1));
  complete->context.TryCancel();
  EXPECT_EQ(complete->end().error_code(), StatusCode::CANCELLED);
  ASSERT_TRUE(eventually_waiting_puts(0));
  // The lease still holds.
  EXPECT_THAT(client_.complete("from", item), IsOk());
  EXPECT_EQ(client_.look("tasks").unfinished(), 1U);
}

TEST(VanishedConsumer, GivesItsItemsBackAtOnceAndUncounted) {
  ReactionLog reactions;
  auto owned = std::make_unique<HeldJournal>();
  HeldJournal& journal = *owned;
  TestServer server(std::move(owned));
  Client client(server);
  ASSERT_THAT(client.create("tasks"), IsOk());
  ASSERT_THAT(client.put("tasks", "x"), IsOk());

  journal.hold();
  const auto get = client.start_get("tasks");
  ASSERT_TRUE(reactions.wait_for("QueueService/Get"));
  // Leased by now; the answer waits for its commit.
  get->context.TryCancel();
  EXPECT_EQ(get->end().error_code(), StatusCode::CANCELLED);
  ASSERT_TRUE(reactions.wait_for("cancellation of a call"));
  journal.commit();

  ASSERT_TRUE(eventually([&] { return client.look("tasks").waiting() == 1; }));
  EXPECT_EQ(client.look("tasks").counters().lease_lost(), 0U);
  EXPECT_EQ(client.get("tasks").attempt(), 1U);
}

int threads_of_this_process() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) return std::stoi(line.substr(8));
  }
  return -1;
}

TEST_F(WaitingTest, TenThousandGetsCostNoThreads) {
  // Under ThreadSanitizer each costs gRPC much more than the slowness of one call.
  constexpr std::size_t kGets = 10'000 / (SLUICE_TEST_SLOWNESS * SLUICE_TEST_SLOWNESS);
  std::vector<std::unique_ptr<Pending<v1::GetResponse>>> gets;
  // Whatever threads gRPC has, it has by then.
  for (std::size_t i = 0; i < 100; ++i) gets.push_back(client_.start_get("tasks"));
  ASSERT_TRUE(eventually_waiting_gets(100));
  const int before = threads_of_this_process();
  while (gets.size() < kGets) gets.push_back(client_.start_get("tasks"));
  ASSERT_TRUE(eventually_waiting_gets(kGets));
  EXPECT_LE(threads_of_this_process(), before + 4);

  v1::CloseQueueRequest request;
  request.set_queue("tasks");
  v1::CloseQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::CloseQueue, request, response), IsOk());
  for (const auto& get : gets) {
    ASSERT_THAT(get->end(), IsOk());
    ASSERT_TRUE(get->response.end_of_queue());
  }
}

}  // namespace
}  // namespace sluice::rpc
