#include "server/wire/commands.h"

#include <functional>

#include "server/base/limits.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::AllOf;
using testing::ElementsAre;

const base::Time kNow(1'000'000s);
const CallTime kCall{kNow};
constexpr std::int64_t kYear = 366 * 86'400;

v1::PutRequest put_request(int items = 1) {
  v1::PutRequest request;
  request.set_queue("tasks");
  for (int i = 0; i < items; ++i) request.add_items();
  return request;
}

absl::StatusOr<engine::PutCommand> put(v1::PutRequest request, const CallTime& time = kCall) { return put_of(request, time); }

TEST(Put, TakesItemsInOrder) {
  auto request = put_request(2);
  request.mutable_items(0)->set_payload("first");
  request.mutable_items(1)->set_payload("second");
  request.set_request_id("r1");
  const auto command = put(request);
  ASSERT_THAT(command, IsOk());
  EXPECT_EQ(command->queue, "tasks");
  EXPECT_EQ(command->request_id, "r1");
  ASSERT_EQ(command->items.size(), 2U);
  EXPECT_EQ(command->items[0].body->payload, "first");
  EXPECT_EQ(command->items[1].body->payload, "second");
}

TEST(Put, WaitsUntilTheEarlierOfItsWaitAndItsDeadline) {
  const CallTime with_deadline{kNow, kNow + 5s};
  auto request = put_request();
  EXPECT_EQ(put(request)->give_up, base::kNever);
  EXPECT_EQ(put(request, with_deadline)->give_up, kNow + 5s);
  *request.mutable_max_wait() = duration(3);
  EXPECT_EQ(put(request)->give_up, kNow + 3s);
  EXPECT_EQ(put(request, with_deadline)->give_up, kNow + 3s);
  *request.mutable_max_wait() = duration(8);
  EXPECT_EQ(put(request, with_deadline)->give_up, kNow + 5s);
  *request.mutable_max_wait() = duration(0);
  EXPECT_EQ(put(request)->give_up, kNow);
}

TEST(Put, BoundsItsWait) {
  auto request = put_request();
  *request.mutable_max_wait() = duration(kYear);
  EXPECT_THAT(put(request), IsOk());
  *request.mutable_max_wait() = duration(kYear, 1);
  EXPECT_THAT(put(request), RefusedFor(Reason::kInvalidValue, "max_wait"));
  *request.mutable_max_wait() = duration(-1);
  EXPECT_THAT(put(request), RefusedFor(Reason::kInvalidValue, "max_wait"));
}

TEST(Put, BoundsTheNumberOfItems) {
  EXPECT_THAT(put(put_request(0)), AllOf(RefusedFor(Reason::kInvalidValue, "items"), Saying("1 to 10000")));
  EXPECT_THAT(put(put_request(10'000)), IsOk());
  EXPECT_THAT(put(put_request(10'001)), RefusedFor(Reason::kInvalidValue, "items"));
}

TEST(Put, BoundsItsRequestId) {
  auto request = put_request();
  request.set_request_id(std::string(128, 'r'));
  EXPECT_THAT(put(request), IsOk());
  request.set_request_id(std::string(129, 'r'));
  EXPECT_THAT(put(request), RefusedFor(Reason::kInvalidValue, "request_id"));
}

TEST(Put, NamesTheItem) {
  auto request = put_request(4);
  request.mutable_items(3)->set_payload(std::string(limits::kMaxPayloadBytes + 1, 'x'));
  EXPECT_THAT(put(request), RefusedFor(Reason::kPayloadTooLarge, "items[3].payload"));
  request.set_queue("");
  EXPECT_THAT(put(request), RefusedFor(Reason::kInvalidName, "queue"));
}

v1::GetRequest get_request() {
  v1::GetRequest request;
  request.set_queue("tasks");
  return request;
}

TEST(Get, HasDefaults) {
  const auto command = get_of(get_request(), kCall);
  ASSERT_THAT(command, IsOk());
  EXPECT_EQ(command->max_items, 1U);
  EXPECT_EQ(command->give_up, base::kNever);
  EXPECT_FALSE(command->lease_duration);
  EXPECT_EQ(command->stage, "");
}

TEST(Get, ChecksEveryField) {
  auto request = get_request();
  request.set_max_items(10'000);
  EXPECT_EQ(get_of(request, kCall)->max_items, 10'000U);
  request.set_max_items(10'001);
  EXPECT_THAT(get_of(request, kCall), RefusedFor(Reason::kInvalidValue, "max_items"));
  request = get_request();
  *request.mutable_max_wait() = duration(0, -1);
  EXPECT_THAT(get_of(request, kCall), RefusedFor(Reason::kInvalidValue, "max_wait"));
  request = get_request();
  *request.mutable_lease_duration() = duration(0, 1'000'000);
  EXPECT_EQ(get_of(request, kCall)->lease_duration, 1ms);
  for (const auto& lease : {duration(0), duration(0, 999'000), duration(86'401)}) {
    *request.mutable_lease_duration() = lease;
    EXPECT_THAT(get_of(request, kCall), RefusedFor(Reason::kInvalidValue, "lease_duration"));
  }
  request = get_request();
  request.set_consumer(std::string(128, 'c'));
  EXPECT_THAT(get_of(request, kCall), IsOk());
  request.set_consumer(std::string(129, 'c'));
  EXPECT_THAT(get_of(request, kCall), RefusedFor(Reason::kInvalidValue, "consumer"));
  request.set_consumer("\xff");
  EXPECT_THAT(get_of(request, kCall), RefusedFor(Reason::kInvalidUtf8, "consumer"));
  EXPECT_THAT(get_of({}, kCall), RefusedFor(Reason::kInvalidName, "queue"));
}

v1::CompleteRequest complete_request(int completions, int outputs = 0) {
  v1::CompleteRequest request;
  request.set_queue("tasks");
  for (int i = 0; i < completions; ++i) {
    auto& completion = *request.add_completions();
    completion.set_lease_token(static_cast<std::uint64_t>(i) + 100);
    for (int j = 0; j < outputs; ++j) completion.add_outputs()->set_queue("next");
  }
  return request;
}

absl::StatusOr<std::vector<engine::CompleteCommand>> complete(v1::CompleteRequest request) {
  return completes_of(request, kCall);
}

TEST(Complete, IsOneCommandForEachToken) {
  auto request = complete_request(2, 1);
  request.mutable_completions(1)->mutable_outputs(0)->mutable_item()->set_payload("out");
  request.set_request_id("r");
  *request.mutable_max_wait() = duration(4);
  const auto commands = complete(request);
  ASSERT_THAT(commands, IsOk());
  ASSERT_EQ(commands->size(), 2U);
  const auto& second = commands->at(1);
  EXPECT_EQ(second.queue, "tasks");
  EXPECT_EQ(second.lease, model::LeaseId{101});
  EXPECT_EQ(second.give_up, kNow + 4s);
  EXPECT_EQ(second.request_id, "r");
  ASSERT_EQ(second.outputs.size(), 1U);
  EXPECT_EQ(second.outputs[0].queue, "next");
  EXPECT_EQ(second.outputs[0].item.body->payload, "out");
}

TEST(Complete, BoundsTheBatch) {
  EXPECT_THAT(complete(complete_request(0)), RefusedFor(Reason::kInvalidValue, "completions"));
  EXPECT_THAT(complete(complete_request(10'000)), IsOk());
  EXPECT_THAT(complete(complete_request(10'001)), RefusedFor(Reason::kInvalidValue, "completions"));
}

TEST(Complete, BoundsOutputs) {
  EXPECT_THAT(complete(complete_request(1, 10'000)), IsOk());
  EXPECT_THAT(complete(complete_request(1, 10'001)), RefusedFor(Reason::kInvalidValue, "completions[0].outputs"));
  EXPECT_THAT(complete(complete_request(10'000, 10)), IsOk());
  EXPECT_THAT(complete(complete_request(10'000, 11)),
              AllOf(RefusedFor(Reason::kInvalidValue, "completions"), Saying("100000")));
}

TEST(Complete, NamesTheOutput) {
  auto request = complete_request(2, 2);
  request.mutable_completions(1)->mutable_outputs(1)->set_queue("");
  EXPECT_THAT(complete(request), RefusedFor(Reason::kInvalidName, "completions[1].outputs[1].queue"));
  request = complete_request(1, 1);
  (*request.mutable_completions(0)->mutable_outputs(0)->mutable_item()->mutable_attributes())["sluice.x"] = "";
  EXPECT_THAT(complete(request), RefusedFor(Reason::kInvalidValue, "completions[0].outputs[0].item.attributes"));
}

TEST(Complete, ChecksEveryOtherField) {
  auto request = complete_request(1);
  request.set_request_id(std::string(129, 'r'));
  EXPECT_THAT(complete(request), RefusedFor(Reason::kInvalidValue, "request_id"));
  request = complete_request(1);
  *request.mutable_max_wait() = duration(-1);
  EXPECT_THAT(complete(request), RefusedFor(Reason::kInvalidValue, "max_wait"));
  request = complete_request(1);
  request.set_queue("?");
  EXPECT_THAT(complete(request), RefusedFor(Reason::kInvalidName, "queue"));
}

absl::StatusOr<std::vector<engine::FailCommand>> fail_with(const std::function<void(v1::FailedLease&)>& change) {
  v1::FailRequest request;
  request.set_queue("tasks");
  request.set_request_id("r");
  request.add_leases()->set_lease_token(1);
  change(*request.add_leases());
  return fails_of(request);
}

TEST(Fail, IsOneCommandForEachToken) {
  const auto commands = fail_with([](auto& lease) {
    lease.set_lease_token(2);
    lease.mutable_failure()->set_reason("BROKEN");
    lease.set_do_not_retry(true);
    *lease.mutable_retry_delay() = duration(86'400);
  });
  ASSERT_THAT(commands, IsOk());
  ASSERT_EQ(commands->size(), 2U);
  EXPECT_EQ(commands->at(0).failure.reason, "FAILED");
  EXPECT_FALSE(commands->at(0).retry_delay);
  EXPECT_EQ(commands->at(1).lease, model::LeaseId{2});
  EXPECT_EQ(commands->at(1).failure.reason, "BROKEN");
  EXPECT_TRUE(commands->at(1).do_not_retry);
  EXPECT_EQ(commands->at(1).retry_delay, 24h);
  EXPECT_EQ(commands->at(1).request_id, "r");
}

TEST(Fail, ChecksEveryField) {
  EXPECT_THAT(fail_with([](auto& lease) { lease.mutable_failure()->set_reason("no"); }),
              RefusedFor(Reason::kInvalidValue, "leases[1].failure.reason"));
  EXPECT_THAT(fail_with([](auto& lease) { *lease.mutable_retry_delay() = duration(86'400, 1); }),
              RefusedFor(Reason::kInvalidValue, "leases[1].retry_delay"));
  EXPECT_THAT(fail_with([](auto& lease) { *lease.mutable_retry_delay() = duration(-1); }),
              RefusedFor(Reason::kInvalidValue, "leases[1].retry_delay"));
  v1::FailRequest request;
  request.set_queue("tasks");
  EXPECT_THAT(fails_of(request), RefusedFor(Reason::kInvalidValue, "leases"));
}

TEST(Extend, TakesTokens) {
  v1::ExtendRequest request;
  request.set_queue("tasks");
  EXPECT_THAT(extend_of(request), RefusedFor(Reason::kInvalidValue, "lease_tokens"));
  request.add_lease_tokens(5);
  request.add_lease_tokens(0);
  const auto command = extend_of(request);
  ASSERT_THAT(command, IsOk());
  EXPECT_THAT(command->leases, ElementsAre(model::LeaseId{5}, model::LeaseId{0}));
  EXPECT_FALSE(command->lease_duration);
  *request.mutable_lease_duration() = duration(86'400);
  EXPECT_EQ(extend_of(request)->lease_duration, 24h);
  *request.mutable_lease_duration() = duration(0);
  EXPECT_THAT(extend_of(request), RefusedFor(Reason::kInvalidValue, "lease_duration"));
}

TEST(Release, BoundsTheBatch) {
  v1::ReleaseRequest request;
  request.set_queue("tasks");
  EXPECT_THAT(release_of(request), RefusedFor(Reason::kInvalidValue, "lease_tokens"));
  for (int i = 0; i < 10'000; ++i) request.add_lease_tokens(1);
  EXPECT_THAT(release_of(request), IsOk());
  request.add_lease_tokens(1);
  EXPECT_THAT(release_of(request), RefusedFor(Reason::kInvalidValue, "lease_tokens"));
}

TEST(LeaseResult, NamesItsReason) {
  v1::LeaseResult fine;
  fill(model::LeaseId{7}, absl::OkStatus(), fine);
  EXPECT_EQ(fine.lease_token(), 7U);
  EXPECT_EQ(fine.error_reason(), "");
  EXPECT_EQ(fine.error_message(), "");
  v1::LeaseResult lost;
  fill(model::LeaseId{8}, base::error(Reason::kLeaseLost, "it is gone"), lost);
  EXPECT_EQ(lost.error_reason(), "LEASE_LOST");
  EXPECT_EQ(lost.error_message(), "it is gone");
  v1::LeaseResult odd;
  fill(model::LeaseId{9}, absl::UnknownError("what"), odd);
  EXPECT_EQ(odd.error_reason(), "INTERNAL");
}

}  // namespace
}  // namespace sluice::wire
