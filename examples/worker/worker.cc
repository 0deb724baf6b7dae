// A worker on another machine: takes texts from one queue, counts their words, and puts the counts into another. Start as
// many as you like.
//
//   worker HOST:PORT INPUT OUTPUT
#include <fmt/format.h>

#include <iostream>
#include <sstream>

#include "sluice/sluice.h"

namespace {

// One item. What it returns goes to the output queue in the same step that marks the item as done: never the one without the
// other. What it throws fails the attempt, and the item is tried again.
std::string count_words(const sluice::Item& item) {
  std::istringstream text(item.payload());
  std::size_t words = 0;
  for (std::string word; text >> word;) ++words;
  if (words == 0) throw sluice::PermanentFailure("there are no words in it");  // no use in trying again
  return fmt::format("{}", words);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: worker HOST:PORT INPUT OUTPUT\n";
    return 2;
  }
  const sluice::Client client(argv[1]);
  // Four items at a time, until the queue is closed and drained.
  const sluice::WorkResult result = sluice::work(client.queue(argv[2]), count_words, {.concurrency = 4, .output = argv[3]});
  std::cout << fmt::format("{} done, {} failed\n", result.done, result.failed);
} catch (const sluice::Error& error) {
  std::cerr << "worker: " << error.what() << '\n';
  return 1;
}
