// Five workers, 100,000 increments each, and a counter that is exact whatever happens at the same time: the server's own.
//
//   counters [HOST:PORT]
#include <algorithm>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "sluice/sluice.h"

namespace {

constexpr int kWorkers = 5;
constexpr std::size_t kIncrements = 100'000;
constexpr std::size_t kAtOnce = 1'000;

// Puts its increments, and takes as many; whose they are does not matter.
void increment(const sluice::Queue& counter) {
  const std::vector<std::string> some(kAtOnce, "+1");
  for (std::size_t put = 0; put < kIncrements; put += kAtOnce) counter.put_all(some);
  for (std::size_t left = kIncrements; left > 0;) {
    auto batch = counter.get_batch(static_cast<std::uint32_t>(std::min(left, kAtOnce)), {.keep_leased = false});
    left -= counter.done_all(batch.items);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const sluice::Client client(argc > 1 ? argv[1] : sluice::default_address());
  const sluice::Queue counter = client.create_queue("counter", {.capacity = 0, .durability = sluice::Durability::kMemory});
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kWorkers; ++i) workers.emplace_back(increment, counter);
  }
  counter.join();
  const auto counters = counter.stats().counters;
  std::cout << counters.put << " put, " << counters.delivered << " handed out, " << counters.done << " done\n";
  counter.remove();
} catch (const sluice::Error& error) {
  std::cerr << "counters: " << error.what() << '\n';
  return 1;
}
