// What remote workers say, and the list of them.
#include "server/wire/work.h"

#include "server/base/limits.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using base::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

v1::WorkRequest first() {
  v1::WorkRequest request;
  request.set_pipeline("p");
  request.set_stage("s");
  return request;
}

const StageName kStage{"p", "s"};

absl::Status refusal(v1::WorkRequest request, const StageName& stage = {}) {
  return work_of(std::move(request), stage).status();
}

TEST(WorkRequests, TheFirstNamesTheStage) {
  auto request = first();
  request.set_worker("w");
  request.set_max_items(7);
  request.set_max_bytes(1'000);
  const auto work = work_of(std::move(request), {});
  ASSERT_TRUE(work.ok()) << work.status();
  EXPECT_EQ(work->stage, kStage);
  EXPECT_EQ(work->order.consumer, "w");
  EXPECT_EQ(work->order.max_items, 7U);
  EXPECT_EQ(work->order.max_bytes, 1'000U);
  EXPECT_FALSE(work->order.leaving);
  EXPECT_TRUE(base::is(refusal({}), Reason::kInvalidName));
  auto half = first();
  half.clear_stage();
  EXPECT_TRUE(base::is(refusal(half), Reason::kInvalidName));
}

TEST(WorkRequests, LaterOnesMayNotNameAnother) {
  EXPECT_TRUE(refusal({}, kStage).ok());
  EXPECT_TRUE(refusal(first(), kStage).ok());
  auto other = first();
  other.set_stage("t");
  EXPECT_TRUE(base::is(refusal(other, kStage), Reason::kInvalidValue));
  EXPECT_THAT(std::string(refusal(other, kStage).message()), HasSubstr("stage"));
}

TEST(WorkRequests, ResultsCarryWhatWasMade) {
  v1::WorkRequest request;
  auto& result = *request.add_results();
  result.set_lease_token(3);
  result.add_outputs()->set_payload("plain");
  auto& output = *result.add_outputs();
  output.set_payload("own");
  (*output.mutable_attributes()->mutable_attributes())["k"] = "v";
  result.add_outputs()->mutable_attributes();
  request.add_released(4);
  auto& failure = *request.add_failures();
  failure.set_lease_token(5);
  failure.set_do_not_retry(true);
  request.set_leaving(true);
  const auto work = work_of(std::move(request), kStage);
  ASSERT_TRUE(work.ok()) << work.status();
  ASSERT_THAT(work->results, SizeIs(1));
  EXPECT_EQ(work->results[0].lease, model::LeaseId{3});
  const auto& outputs = work->results[0].outputs;
  ASSERT_THAT(outputs, SizeIs(3));
  EXPECT_EQ(outputs[0].payload, "plain");
  EXPECT_FALSE(outputs[0].attributes);
  EXPECT_THAT(*outputs[1].attributes, ElementsAre(Pair("k", "v")));
  EXPECT_THAT(*outputs[2].attributes, IsEmpty()) << "none of its own is something else than the item's";
  EXPECT_THAT(work->order.released, ElementsAre(model::LeaseId{4}));
  ASSERT_THAT(work->order.failures, SizeIs(1));
  EXPECT_EQ(work->order.failures[0].lease, model::LeaseId{5});
  EXPECT_TRUE(work->order.failures[0].do_not_retry);
  EXPECT_TRUE(work->order.leaving);
}

TEST(WorkRequests, HaveBounds) {
  auto greedy = first();
  greedy.set_max_items(limits::kMaxStreamItems + 1);
  EXPECT_TRUE(base::is(refusal(greedy), Reason::kInvalidValue));
  auto wordy = first();
  wordy.set_worker(std::string(limits::kMaxConsumerNameBytes + 1, 'x'));
  EXPECT_TRUE(base::is(refusal(wordy), Reason::kInvalidValue));
  v1::WorkRequest many;
  for (std::uint32_t i = 0; i <= limits::kMaxBatch; ++i) many.add_results();
  EXPECT_TRUE(base::is(refusal(many, kStage), Reason::kInvalidValue));
  v1::WorkRequest released;
  for (std::uint32_t i = 0; i <= limits::kMaxBatch; ++i) released.add_released(i);
  EXPECT_TRUE(base::is(refusal(released, kStage), Reason::kInvalidValue));
  v1::WorkRequest wide;
  for (int i = 0; i < 11; ++i) {
    auto& result = *wide.add_results();
    for (std::uint32_t j = 0; j < limits::kMaxBatch; ++j) result.add_outputs();
  }
  EXPECT_TRUE(base::is(refusal(wide, kStage), Reason::kInvalidValue));
}

TEST(WorkerLists, HavePages) {
  v1::ListWorkersRequest request;
  auto page = page_of(request);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->size, limits::kDefaultPageSize);
  EXPECT_EQ(page->after, model::WorkerId{});
  request.set_page_token(token_after(model::WorkerId{17}));
  page = page_of(request);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->after, model::WorkerId{17});
  request.set_page_token("17");
  EXPECT_TRUE(base::is(page_of(request).status(), Reason::kInvalidValue));
  request.clear_page_token();
  request.set_stage("s");
  EXPECT_TRUE(base::is(page_of(request).status(), Reason::kInvalidValue)) << "of which pipeline?";
}

TEST(WorkerLists, HostsAreWrittenAsPeopleDo) {
  EXPECT_EQ(host_of("ipv4:10.0.0.7:4711"), "10.0.0.7:4711");
  EXPECT_EQ(host_of("ipv6:%5B::1%5D:4711"), "[::1]:4711");
  EXPECT_EQ(host_of("unix:/run/sluice.sock"), "unix:/run/sluice.sock");
  EXPECT_EQ(host_of(""), "");
}

}  // namespace
}  // namespace sluice::wire
