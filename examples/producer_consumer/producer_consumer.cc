// One producer and three consumers with a closable queue between them, as within one process; but the queue lives in sluiced.
//
//   producer_consumer [HOST:PORT]
#include <fmt/format.h>

#include <iostream>
#include <syncstream>
#include <thread>
#include <vector>

#include "sluice/sluice.h"

namespace {

void consume(const sluice::Queue& tasks, int consumer) {
  // Takes an item for each turn and marks it as done at the end of the body. Ends when the queue is closed and empty.
  for (const sluice::Item& item : tasks) {
    std::osyncstream(std::cout) << fmt::format("consumer {} does {}\n", consumer, item.payload());
  }
}

void produce(const sluice::Queue& tasks) {
  for (int i = 1; i <= 20; ++i) {
    tasks.put(fmt::format("task {}", i));  // waits while five tasks are waiting already
  }
  tasks.close();  // no more to come: the consumers drain what is left
}

}  // namespace

int main(int argc, char** argv) try {
  const sluice::Client client(argc > 1 ? argv[1] : sluice::default_address());
  const sluice::Queue tasks = client.create_queue("tasks", {.capacity = 5});
  {
    std::vector<std::jthread> consumers;
    for (int i = 1; i <= 3; ++i) consumers.emplace_back([&tasks, i] { consume(tasks, i); });
    produce(tasks);
    tasks.join();  // until every task is not only taken, but done
    std::osyncstream(std::cout) << fmt::format("{} tasks done\n", tasks.stats().counters.done);
  }
  tasks.remove();
} catch (const sluice::Error& error) {
  std::cerr << "producer_consumer: " << error.what() << '\n';
  return 1;
}
