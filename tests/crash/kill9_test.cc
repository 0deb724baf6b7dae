// What the server acknowledged survives kill -9: the real binary, a real store, a real client.
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sluice/client.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::SluicedProcess;

class Kill9 : public testing::Test {
 protected:
  test::TempDir data_;
  SluicedProcess server_{{.flags = {"--data", data_.path().string(), "--log-format", "json"}}};
  Client client_{server_.address()};
};

std::vector<std::string> payloads_of(const std::vector<Item>& items) {
  std::vector<std::string> payloads;
  for (const Item& item : items) payloads.emplace_back(item.payload());
  return payloads;
}

TEST_F(Kill9, ItemsComeBackInOrderAndDoneOnesStayDone) {
  Queue tasks = client_.create_queue("tasks");
  for (const char* payload : {"a", "b", "c", "d"}) tasks.put(payload);
  {
    auto first = tasks.get({.max_wait = 10s});
    ASSERT_TRUE(first);
    first->done();
  }
  server_.kill9();
  server_.restart();
  const Batch batch = tasks.get_batch(10, {.max_wait = 10s});
  EXPECT_THAT(payloads_of(batch.items), testing::ElementsAre("b", "c", "d"));
  EXPECT_EQ(tasks.stats().counters.done, 1U);
}

TEST_F(Kill9, ALeasedItemComesBackWithItsAttemptCounted) {
  Queue tasks = client_.create_queue("tasks", {.retry = {.max_attempts = 2}});
  tasks.put("work");
  auto held = tasks.get({.max_wait = 10s});
  ASSERT_TRUE(held);
  server_.kill9();
  server_.restart();
  auto again = tasks.get({.max_wait = 10s});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt(), 2U);
  EXPECT_THROW(held->done(), LeaseLost) << "the token of the life before is void";
  again->done();
}

TEST_F(Kill9, AClosedQueueStaysClosedAndItsJoinEnds) {
  Queue tasks = client_.create_queue("tasks");
  tasks.put("last");
  tasks.close();
  server_.kill9();
  server_.restart();
  EXPECT_THROW(tasks.put("more"), QueueClosed);
  for (auto& item : tasks) EXPECT_EQ(item.payload(), "last");
  tasks.join();
}

// Rounds of puts that a kill breaks into: everything acknowledged is there, nothing twice.
TEST_F(Kill9, NothingAcknowledgedIsLostOverManyRounds) {
  Queue tasks = client_.create_queue("tasks", {.capacity = 0});
  std::set<std::string> acknowledged;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 50; ++i) {
      const std::string payload = std::to_string(round) + "/" + std::to_string(i);
      tasks.put(payload);
      acknowledged.insert(payload);
    }
    server_.kill9();
    server_.restart();
  }
  std::multiset<std::string> seen;
  while (seen.size() < acknowledged.size()) {
    Batch batch = tasks.get_batch(1'000, {.max_wait = 10s});
    ASSERT_FALSE(batch.items.empty());
    for (Item& item : batch.items) {
      seen.insert(std::string(item.payload()));
      item.done();
    }
  }
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), acknowledged);
  EXPECT_EQ(tasks.stats().unfinished, 0U);
}

// Whatever the moment of the kill: an item that was put and not acknowledged is not put again when the stream goes on.
TEST_F(Kill9, AProducerPutsEachItemOnceOverManyKills) {
  constexpr std::size_t kItems = 20'000;
  constexpr std::size_t kKills = 8;
  Queue tasks = client_.create_queue("tasks", {.capacity = 0});
  Producer producer = tasks.producer({.in_flight = 500});
  std::jthread puts([&] {
    for (std::size_t i = 0; i < kItems; ++i) producer.put(std::to_string(i));
    producer.finish();
  });
  for (std::size_t kill = 1; kill <= kKills; ++kill) {
    while (producer.acknowledged() < kill * kItems / (kKills + 1)) std::this_thread::yield();
    server_.kill9();
    server_.restart();
  }
  puts.join();
  EXPECT_EQ(producer.acknowledged(), kItems);
  std::size_t next = 0;
  while (next < kItems) {
    Batch batch = tasks.get_batch(1'000, {.max_wait = 10s});
    ASSERT_FALSE(batch.items.empty()) << "after " << next;
    for (const Item& item : batch.items) ASSERT_EQ(item.payload(), std::to_string(next++));
    tasks.done_all(batch.items);
  }
  EXPECT_EQ(tasks.stats().unfinished, 0U) << "something is there twice";
}

TEST_F(Kill9, AMemoryQueueComesBackEmptyAndASyncQueueAsItWas) {
  Queue kept = client_.create_queue("kept");
  Queue fast = client_.create_queue("fast", {.capacity = 7, .durability = Durability::kMemory});
  for (Queue* queue : {&kept, &fast}) {
    for (const char* payload : {"done", "handed on", "stays"}) queue->put(payload);
  }
  for (Queue* queue : {&kept, &fast}) queue->get({.max_wait = 10s})->done();
  fast.get({.max_wait = 10s})->done({Output{"kept", {.payload = "out of memory"}}});
  kept.get({.max_wait = 10s})->done({Output{"fast", {.payload = "into memory"}}});
  EXPECT_EQ(fast.stats().waiting, 2U);
  server_.kill9();
  server_.restart();
  const QueueInfo empty = fast.stats();
  EXPECT_EQ(empty.unfinished, 0U);
  EXPECT_EQ(empty.counters.put, 0U);
  EXPECT_EQ(empty.settings.durability, Durability::kMemory);
  EXPECT_EQ(empty.settings.capacity, 7U);
  const Batch left = kept.get_batch(10, {.max_wait = 10s});
  EXPECT_THAT(payloads_of(left.items), testing::ElementsAre("stays", "out of memory"));
  EXPECT_EQ(kept.stats().counters.done, 2U);
  fast.put("again");
  EXPECT_EQ(fast.get({.max_wait = 10s})->payload(), "again");
}

TEST(Kill9Spilled, PayloadsBeyondMemoryComeBackInOrderAndWhole) {
  const test::TempDir data;
  SluicedProcess server({.flags = {"--data", data.path().string(), "--payload-memory-bytes", "65536"}});
  Client client(server.address());
  Queue tasks = client.create_queue("tasks", {.capacity = 0});
  constexpr int kItems = 1'000;
  const auto payload = [](int number) { return std::to_string(number) + std::string(2'000, static_cast<char>(number)); };
  const auto put = [&](int first) {
    std::vector<NewItem> items;
    for (int i = first; i < first + kItems / 2; ++i) items.push_back({.payload = payload(i)});
    tasks.put_batch(items);
  };
  int next = 0;
  const auto drain_to = [&](int last) {
    while (next < last) {
      Batch batch = tasks.get_batch(100, {.max_wait = 10s});
      ASSERT_FALSE(batch.items.empty());
      for (Item& item : batch.items) {
        ASSERT_EQ(item.payload(), payload(next++));
        item.done();
      }
    }
  };
  put(0);
  server.kill9();
  server.restart();
  put(kItems / 2);
  EXPECT_EQ(tasks.peek({.max_items = 1, .max_payload_bytes = 10'000}).front().payload, payload(0));
  drain_to(300);
  server.kill9();
  server.restart();
  drain_to(kItems);
  EXPECT_EQ(tasks.stats().unfinished, 0U);
}

TEST_F(Kill9, ASecondServerOnTheDirectoryIsRefused) {
  SluicedProcess second({.flags = {"--data", data_.path().string(), "--listen", "127.0.0.1:0"}, .serve = false});
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.standard_error(), testing::HasSubstr("another process uses this data directory"));
}

TEST_F(Kill9, ADamagedStoreIsRefusedByName) {
  Queue tasks = client_.create_queue("tasks");
  for (int i = 0; i < 100; ++i) tasks.put(std::string(500, 'x'));
  server_.kill9();
  const auto file = data_.path() / "data.mdb";
  {
    std::fstream damage(file, std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp(9'000);
    damage << std::string(30'000, 'x');
  }
  SluicedProcess again({.flags = {"--data", data_.path().string(), "--listen", "127.0.0.1:0"}, .serve = false});
  EXPECT_NE(again.wait(), 0);
  EXPECT_THAT(again.standard_error(), testing::HasSubstr(file.string()));
}

TEST(Truncated, AStoreThatIsCutShortUnderAServerEndsItByName) {
  const test::TempDir data;
  SluicedProcess server({.flags = {"--data", data.path().string(), "--payload-memory-bytes", "65536"}});
  const Client client(server.address(), {.reconnect_timeout = 0s});
  Queue tasks = client.create_queue("tasks", {.capacity = 0});
  // Most of them only in the store.
  for (int i = 0; i < 200; ++i) tasks.put(std::string(20'000, 'x'));
  const auto file = data.path() / "data.mdb";
  std::filesystem::resize_file(file, 64'000);
  try {
    for (int i = 0; i < 200; ++i) (void)tasks.get({.max_wait = 0s});
  } catch (const Error&) {
    // The server is gone.
  }
  EXPECT_EQ(server.wait(), 70);
  EXPECT_THAT(server.standard_error(), testing::HasSubstr(file.string() + ": the file is damaged"));
}

}  // namespace
}  // namespace sluice
