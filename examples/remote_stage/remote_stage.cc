// A worker of a stage, on this machine: the server gives it lines and hands on what it makes of them. Start as many as you
// like; each ends by itself when the stage is finished.
//
//   remote_stage [HOST:PORT]
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "sluice/sluice.h"

namespace {

// One item. What it returns goes into the stage's output in the same step that ends the item; what it throws fails the
// attempt, and the item is tried again as the stage's retry policy says.
std::string mirror(const sluice::StageItem& item) {
  std::string line = item.payload;
  if (line.empty()) throw sluice::PermanentFailure("there is nothing to be seen in it");
  std::ranges::reverse(line);
  return line;
}

}  // namespace

int main(int argc, char** argv) try {
  const sluice::Client client(argc > 1 ? argv[1] : sluice::default_address());
  const sluice::WorkResult result = sluice::work(client.pipeline("letters"), "mirror", mirror, {.concurrency = 4});
  std::cout << fmt::format("{} done, {} failed\n", result.done, result.failed);
} catch (const sluice::Error& error) {
  std::cerr << "remote_stage: " << error.what() << '\n';
  return 1;
}
