// Futures over a network: submit a call, do something else, wait for its result. The work is done by whoever attaches to the
// stage; here, for brevity, by a thread of this program.
//
//   futures [HOST:PORT]
#include <fmt/format.h>

#include <iostream>
#include <stdexcept>
#include <thread>

#include "sluice/sluice.h"

namespace {

// What the worker runs. It may be on any machine, and so may be many of it.
std::string square(const sluice::StageItem& item) {
  const int number = std::stoi(item.payload);
  if (number < 0) throw std::domain_error(fmt::format("{} has been refused", number));
  return std::to_string(number * number);
}

}  // namespace

int main(int argc, char** argv) try {
  const sluice::Client client(argc > 1 ? argv[1] : sluice::default_address());
  // No output queue: what the stage makes is the result of the job.
  const sluice::Pipeline squares = client.create_pipeline({
      .name = "squares",
      .stages = {{.name = "square", .input = "numbers", .handler = "remote", .retry = {.max_attempts = 1}}},
  });
  std::jthread worker(
      [&](const std::stop_token& stop) { sluice::work(squares, "square", square, {.concurrency = 4, .stop = stop}); });

  // One call: the future is a number and a connection, and may be waited for anywhere.
  const sluice::Future answer = squares.submit("12");
  std::cout << "12 squared is " << answer.get() << '\n';

  // Many: results in the order of the inputs, whichever comes first, and never more than 10 under way.
  for (const std::string& result : squares.map({"1", "2", "3", "4", "5"}, {.in_flight = 10})) std::cout << result << ' ';
  std::cout << '\n';

  // An exception over there is one here, and names the stage, the item and the cause.
  try {
    (void)squares.submit("-7").get();
  } catch (const sluice::JobFailed& error) {
    std::cout << error.job.failure->stage << " failed: " << error.job.failure->message << '\n';
  }
  worker.request_stop();
  worker.join();
  squares.remove(/*force=*/true);
} catch (const sluice::Error& error) {
  std::cerr << "futures: " << error.what() << '\n';
  return 1;
}
