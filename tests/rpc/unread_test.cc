// Clients of streams that do not read what they are told: they are not read either, so what is to be told has a bound.
#include <thread>

#include "server/base/limits.h"
#include "tests/rpc/stream_client.h"

namespace sluice::rpc {
namespace {

// So many questions to the server in which nothing moves count as a standstill. A busy machine can make that true too early,
// and then the test only sees less.
constexpr int kQuestions = 500;

// A connection that takes in little ahead of its reader.
std::shared_ptr<grpc::Channel> narrow_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

class UnreadTest : public RpcTest {
 protected:
  // Asks until `progress` has stood still, or is `end`. Returns where it stands.
  std::uint64_t standstill(const std::function<std::uint64_t()>& progress, std::uint64_t end) {
    std::uint64_t last = progress();
    for (int still = 0; last < end && still < kQuestions;) {
      (void)client_.look("tasks");
      const std::uint64_t now = progress();
      still = now == last ? still + 1 : 0;
      last = now;
    }
    return last;
  }

  const std::unique_ptr<v1::QueueService::Stub> narrow_ = v1::QueueService::NewStub(narrow_channel(server_.address()));
};

// Ids in a row are told as one range. The same id again and again is not, so that there is much to be told.
TEST_F(UnreadTest, AProducerThatDoesNotReadIsHeldBack) {
  constexpr std::uint64_t kItems = 6 * limits::kMaxProducedItems;
  ASSERT_THAT(client_.create("tasks", 0), IsOk());
  Producer producer(*narrow_, "tasks");
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kItems && producer.put_once("key"); ++i) {
    }
    producer.half_close();
  });
  const auto taken = [this] {
    const auto counters = client_.look("tasks").counters();
    return counters.put() + counters.duplicates();
  };
  EXPECT_LT(standstill(taken, kItems), kItems);
  EXPECT_EQ(producer.ids_until(kItems).size(), kItems) << "once it reads, everything goes on";
  writer.join();
  EXPECT_THAT(producer.finish(), IsOk());
}

// Each message ends one item besides many that are none, so the queue's counter says how many of them the server has read:
// what the connection takes in ahead of it does not count.
TEST_F(UnreadTest, AConsumerThatDoesNotReadIsHeldBack) {
  constexpr std::uint64_t kTokens = limits::kMaxBatch;
  constexpr std::uint64_t kMessages = 6UL * limits::kMaxStreamItems / kTokens;
  ASSERT_THAT(client_.create("tasks", 0), IsOk());
  for (std::uint64_t i = 0; i < kMessages; ++i) ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  Consumer consumer(*narrow_, "tasks", kMessages);
  const auto items = consumer.take(kMessages);
  std::thread writer([&] {
    std::vector<std::uint64_t> tokens(kTokens);
    for (std::uint64_t i = 1; i < kTokens; ++i) tokens[i] = ~i;
    for (const auto& item : items) {
      tokens[0] = item.lease_token();
      consumer.done(tokens);
    }
    consumer.half_close();
  });
  const auto done = [this] { return client_.look("tasks").counters().done(); };
  EXPECT_LT(standstill(done, kMessages), kMessages);
  std::uint64_t told = 0;
  while (told < kTokens * kMessages) {
    const auto answer = consumer.read();
    if (answer.ended_size() + answer.refused_size() == 0) break;
    told += static_cast<std::uint64_t>(answer.ended_size() + answer.refused_size());
  }
  writer.join();
  EXPECT_EQ(told, kTokens * kMessages) << "once it reads, everything goes on";
  EXPECT_THAT(consumer.finish(), IsOk());
}

}  // namespace
}  // namespace sluice::rpc
