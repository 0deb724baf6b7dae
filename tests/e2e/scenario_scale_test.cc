// Many who wait, and one who blocks.
#include <array>
#include <deque>
#include <semaphore>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/e2e/raw.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A get that waits on the server without a thread of ours.
struct BlockedGet {
  grpc::ClientContext context;
  v1::GetRequest request;
  v1::GetResponse response;
  grpc::Status status;
};

class BlockedGets {
 public:
  BlockedGets(const std::string& address, std::string queue)
      : stub_(v1::QueueService::NewStub(open_channel(address))), queue_(std::move(queue)) {}
  ~BlockedGets() {
    for (auto& get : gets_) get.context.TryCancel();
    while (answered_ < gets_.size()) wait_for_answers(answered_ + 1);
  }
  BlockedGets(const BlockedGets&) = delete;
  BlockedGets& operator=(const BlockedGets&) = delete;

  void start(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& get = gets_.emplace_back();
      get.request.set_queue(queue_);
      stub_->async()->Get(&get.context, &get.request, &get.response, [this, &get](grpc::Status status) {
        get.status = std::move(status);
        answers_.release();
      });
    }
  }
  // False if the patience ends first.
  bool wait_for_answers(std::size_t count) {
    for (; answered_ < count; ++answered_) {
      if (!answers_.try_acquire_for(kPatience)) return false;
    }
    return true;
  }
  [[nodiscard]] const std::deque<BlockedGet>& all() const { return gets_; }

 private:
  const std::unique_ptr<v1::QueueService::Stub> stub_;
  const std::string queue_;
  std::deque<BlockedGet> gets_;
  std::counting_semaphore<> answers_{0};
  std::size_t answered_ = 0;
};

class ScaleScenario : public Scenario {};

TEST_F(ScaleScenario, Scenario19_TenThousandBlockedGetsWithoutAThreadEachAreWokenInOrder) {
  constexpr std::size_t kRound = 100;
  constexpr std::size_t kRounds = 100 / kSlowness;
  constexpr std::size_t kGets = kRound * kRounds;
  start();
  const Queue queue = connect().create_queue("popular", {.capacity = kGets});
  BlockedGets gets(server->address(), queue.name());
  // The first round makes the server take what it needs once.
  gets.start(kRound);
  ASSERT_TRUE(eventually([&] { return queue.stats().waiting_gets == kRound; }));
  const ProcessStats few = stats_of(server->pid());

  // Calls of one round may overtake one another on their way; rounds may not.
  for (std::size_t blocked = 2 * kRound; blocked <= kGets; blocked += kRound) {
    gets.start(kRound);
    ASSERT_TRUE(eventually([&] { return queue.stats().waiting_gets == blocked; }));
  }
  const ProcessStats many = stats_of(server->pid());
  EXPECT_LT(many.threads, few.threads + 50);
  if (kMemoryCounts) {
    const std::size_t bytes_each = (many.resident_bytes - few.resident_bytes) / (kGets - kRound);
    RecordProperty("bytes_each", std::to_string(bytes_each));
    EXPECT_LT(bytes_each, 16UL << 10);
  }

  queue.put_all(numbers(kGets), {.max_wait = kPatience});
  ASSERT_TRUE(gets.wait_for_answers(kGets));
  for (std::size_t i = 0; i < kGets; ++i) {
    const BlockedGet& get = gets.all()[i];
    ASSERT_TRUE(get.status.ok()) << get.status.error_message();
    ASSERT_EQ(get.response.items_size(), 1) << "get " << i;
    EXPECT_EQ(std::stoul(get.response.items(0).payload()) / kRound, i / kRound) << "get " << i;
  }
}

TEST_F(ScaleScenario, Scenario20_AHandlerThatBlocksHoldsNobodyElse) {
  start();
  const Client client = connect();
  const Pipeline blocking =
      client.create_pipeline({.name = "blocking", .stages = {{.input = "slow", .handler = "builtin.block", .workers = 8}}});
  const Pipeline lively =
      client.create_pipeline({.name = "lively", .stages = {{.input = "in", .output = "out", .handler = "builtin.upper"}}});
  blocking.queue("slow").put_all(std::vector<std::string>(8, std::to_string(2 * kSlowness) + "s"));
  ASSERT_TRUE(eventually([&] { return blocking.stages().at(0).busy_workers == 8; }));

  for (int i = 0; i < 50; ++i) {
    lively.queue("in").put("hello");
    EXPECT_THAT(lively.queue("out").get({.max_wait = kPatience})->payload(), "HELLO");
  }
  // All of that while every one of them still blocked.
  EXPECT_EQ(blocking.stages().at(0).busy_workers, 8U);
  blocking.join({.max_wait = kPatience});
}

TEST_F(ScaleScenario, Scenario20_ADebugSwitchReportsAReactionThatHeldItsThread) {
  start({}, {"--debug-slow-reactions", "100ms"});
  const Pipeline careless =
      connect().create_pipeline({.name = "careless", .stages = {{.input = "in", .handler = "builtin.spin"}}});
  careless.queue("in").put("300ms");
  careless.join({.max_wait = kPatience});
  EXPECT_TRUE(server->wait_for_error("a reaction held its thread for too long", kPatience)) << server->standard_error();
}

}  // namespace
}  // namespace sluice::e2e
