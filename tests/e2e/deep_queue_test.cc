// A queue deeper than memory: payloads beyond the budget stay in the store, and come back whole and in order.
#include <fmt/format.h>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/e2e/raw.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

constexpr int kItems = 200'000 / (kSlowness * kSlowness);
constexpr int kBatch = 1'000;
constexpr std::size_t kPayload = 1'000;

class DeepQueue : public Scenario {
 protected:
  // In the server's own directory, which is on the disk.
  void SetUp() override { start({}, {"--data", "data", "--payload-memory-bytes", std::to_string(1 << 20)}); }

  static std::string payload(int number) {
    std::string text = fmt::format("{} ", number);
    text.resize(kPayload, 'x');
    return text;
  }
  void fill() const {
    const Queue deep = connect().create_queue("deep", {.capacity = 0});
    for (int first = 0; first < kItems; first += kBatch) {
      std::vector<NewItem> batch;
      for (int i = first; i < first + kBatch; ++i) batch.push_back({.payload = payload(i)});
      deep.put_batch(batch);
    }
  }
  // Takes and ends all of it, many at a time.
  void drain_in_order() const {
    const auto stub = v1::QueueService::NewStub(open_channel(server->address()));
    for (int expected = 0; expected < kItems;) {
      v1::GetRequest get;
      get.set_queue("deep");
      get.set_max_items(kBatch);
      v1::GetResponse got;
      grpc::ClientContext getting;
      getting.set_deadline(deadline());
      ASSERT_TRUE(stub->Get(&getting, get, &got).ok());
      ASSERT_GT(got.items_size(), 0);
      v1::CompleteRequest complete;
      complete.set_queue("deep");
      for (const auto& item : got.items()) {
        ASSERT_EQ(item.payload(), payload(expected)) << expected;
        ++expected;
        complete.add_completions()->set_lease_token(item.lease_token());
      }
      v1::CompleteResponse completed;
      grpc::ClientContext completing;
      completing.set_deadline(deadline());
      ASSERT_TRUE(stub->Complete(&completing, complete, &completed).ok());
    }
  }
  // What the process holds itself; pages of files that it has mapped are the system's to take back.
  [[nodiscard]] std::size_t held() const { return stats_of(server->pid()).anonymous_bytes; }
};

TEST_F(DeepQueue, KeepsPayloadsOutOfMemoryAndInOrder) {
  const std::size_t before = held();
  // Half of the payloads: what remains of an item in memory is its state.
  const std::size_t bound = before + static_cast<std::size_t>(kItems) * kPayload / 2;
  fill();
  const std::size_t full = held();
  drain_in_order();
  const std::size_t drained = held();
  if (kMemoryCounts) {
    EXPECT_LT(full, bound);
    EXPECT_LT(drained, bound);
  }
  const QueueInfo info = connect().queue("deep").stats();
  EXPECT_EQ(info.counters.done, static_cast<std::uint64_t>(kItems));
  EXPECT_EQ(info.unfinished, 0U);
}

TEST_F(DeepQueue, NeedsNoMoreMemoryAfterARestart) {
  fill();
  server->kill9();
  server->restart();
  const std::size_t held_bytes = held();
  if (kMemoryCounts) {
    EXPECT_LT(held_bytes, static_cast<std::size_t>(kItems) * kPayload * 3 / 4) << "all of the process";
  }
  drain_in_order();
}

}  // namespace
}  // namespace sluice::e2e
