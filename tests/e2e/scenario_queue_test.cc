// Programs that coordinate through one queue.
#include <mutex>

#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

// What happened, in the order it happened.
class Log {
 public:
  void add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  [[nodiscard]] std::vector<std::string> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

class QueueScenario : public Scenario {
 protected:
  void SetUp() override { start(); }
};

TEST_F(QueueScenario, Scenario02_AConsumerWaitsUntilSomethingIsPut) {
  const Queue queue = connect().create_queue("calls");
  Log log;
  auto consumer = meanwhile([&] {
    log.add("consumer waiting");
    auto item = queue.get({.max_wait = kPatience});
    log.add("consumer done");
    if (item) item->done();
    return item ? item->payload() : "nothing";
  });
  ASSERT_TRUE(eventually([&] { return queue.stats().waiting_gets == 1; }));
  log.add("producer putting");
  queue.put("hello");
  EXPECT_EQ(consumer.get(), "hello");
  EXPECT_THAT(log.events(), ElementsAre("consumer waiting", "producer putting", "consumer done"));
}

TEST_F(QueueScenario, Scenario03_CapacityOneHoldsThePutBackUntilTheFirstGet) {
  const Queue queue = connect().create_queue("narrow", {.capacity = 1});
  Log log;
  auto producer = meanwhile([&] {
    queue.put("first");
    queue.put("second", {.max_wait = kPatience});
    log.add("second put returned");
  });
  ASSERT_TRUE(eventually([&] { return queue.stats().waiting_puts == 1; }));
  EXPECT_EQ(queue.stats().waiting, 1U);
  log.add("consumer getting");
  auto item = queue.get({.max_wait = kPatience});
  ASSERT_TRUE(item);
  EXPECT_EQ(item->payload(), "first");
  producer.get();
  EXPECT_THAT(log.events(), ElementsAre("consumer getting", "second put returned"));
  item->done();
  EXPECT_THAT(drain(queue), ElementsAre("second"));
}

TEST_F(QueueScenario, Scenario04_JoinReturnsAfterTheWorkNotWhenTheQueueRunsEmpty) {
  const Queue queue = connect().create_queue("work");
  queue.put("item");
  auto item = queue.get();
  ASSERT_TRUE(item);
  Log log;
  auto joiner = meanwhile([&] {
    queue.join({.max_wait = kPatience});
    log.add("joined");
  });
  ASSERT_TRUE(eventually([&] { return queue.stats().waiting_joins == 1; }));
  EXPECT_EQ(queue.stats().waiting, 0U);
  EXPECT_THAT(log.events(), IsEmpty());
  log.add("work done");
  item->done();
  joiner.get();
  EXPECT_THAT(log.events(), ElementsAre("work done", "joined"));
}

TEST_F(QueueScenario, Scenario04_TaskDoneOnceTooOftenIsAnError) {
  const Queue queue = connect().create_queue("work");
  queue.put("item");
  auto item = queue.get();
  ASSERT_TRUE(item);
  item->done();
  EXPECT_THROW(item->done(), LeaseLost);
  const QueueInfo info = queue.stats();
  EXPECT_EQ(info.unfinished, 0U);
  EXPECT_EQ(info.counters.done, 1U);
}

TEST_F(QueueScenario, Scenario05_EveryConsumersLoopEndsByItselfWhenTheQueueIsClosed) {
  const Queue queue = connect().create_queue("tasks", {.capacity = 5});
  Log log;
  const auto consume = [&] {
    for (Item& item : queue) log.add(item.payload());
  };
  auto first = meanwhile(consume);
  auto second = meanwhile(consume);
  auto third = meanwhile(consume);

  const auto tasks = numbers(100);
  queue.put_all(tasks, {.max_wait = kPatience});
  queue.close();
  queue.join({.max_wait = kPatience});
  EXPECT_TRUE(ends(first) && ends(second) && ends(third));
  EXPECT_THAT(log.events(), UnorderedElementsAreArray(tasks));
  EXPECT_EQ(queue.stats().counters.done, tasks.size());
  EXPECT_EQ(queue.stats().unfinished, 0U);
}

TEST_F(QueueScenario, Scenario05_AnItemIsEndedEvenWhenTheLoopsBodyThrows) {
  const Queue queue = connect().create_queue("tasks", {.retry = {.max_attempts = 1}});
  queue.put_all(numbers(10));
  queue.close();
  int handled = 0;
  const auto consume = [&] {
    for (Item& item : queue) {
      if (item.payload() == "3") throw std::runtime_error("cannot do 3");
      ++handled;
    }
  };
  EXPECT_THROW(consume(), std::runtime_error);
  EXPECT_EQ(handled, 3);
  consume();
  EXPECT_EQ(handled, 9);
  queue.join({.max_wait = kPatience});
  const QueueCounters counters = queue.stats().counters;
  EXPECT_EQ(counters.done, 9U);
  EXPECT_EQ(counters.dead_lettered, 1U);
}

// The buffer between a network that delivers in bursts and a database that is slow.
TEST_F(QueueScenario, Scenario21_AfterTheStopTheWriterDrainsTheBufferAndEnds) {
  const Queue buffer = connect().create_queue("buffer", {.capacity = 10});
  const Queue latency = connect().create_queue("latency");
  std::stop_source stop;
  std::vector<std::string> sent;
  std::vector<std::string> written;

  auto network = meanwhile([&] {
    while (!stop.stop_requested()) {
      for (const std::string& message : numbers(1 + sent.size() % 7, sent.size())) {
        buffer.put(message, {.max_wait = kPatience});
        sent.push_back(message);
      }
    }
    buffer.close();
  });
  auto database = meanwhile([&] {
    for (Item& message : buffer) {
      // Nothing ever comes from there: this is how long a write takes.
      EXPECT_FALSE(latency.get({.max_wait = 1ms}));
      written.push_back(message.payload());
      if (written.size() == 200) stop.request_stop();
    }
  });
  ASSERT_TRUE(ends(network));
  ASSERT_TRUE(ends(database));
  EXPECT_GE(written.size(), 200U);
  EXPECT_EQ(written, sent);
  EXPECT_EQ(buffer.stats().unfinished, 0U);
}

TEST_F(QueueScenario, Scenario22_HandOverOfOneElementAlternatesAndEndsCleanly) {
  const Queue hand = connect().create_queue("hand", {.capacity = 1});
  Log log;
  auto producer = meanwhile([&] {
    for (const std::string& element : numbers(50)) {
      log.add("put " + element);
      hand.put(element, {.max_wait = kPatience});
      hand.join({.max_wait = kPatience});
    }
    hand.close();
  });
  auto consumer = meanwhile([&] {
    for (Item& element : hand) log.add("got " + element.payload());
  });
  ASSERT_TRUE(ends(producer));
  ASSERT_TRUE(ends(consumer));
  std::vector<std::string> strictly;
  for (const std::string& element : numbers(50)) {
    strictly.push_back("put " + element);
    strictly.push_back("got " + element);
  }
  EXPECT_EQ(log.events(), strictly);
}

}  // namespace
}  // namespace sluice::e2e
