// A server with handlers of its own: sluiced and three functions more. It takes the flags of sluiced and its configuration
// file, in which a stage can name them like any other handler.
//
//   native_handler --config examples/native_handler/native_handler.yaml
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "server/server.h"

namespace {

using sluice::handlers::HandlerFailure;
using sluice::handlers::Input;
using sluice::handlers::make_native;
using sluice::handlers::make_native_per_worker;
using sluice::handlers::NativeFunction;
using sluice::handlers::Output;
using sluice::handlers::Runs;

// Quick, and never waits for anything: runs on the server's own threads. What a handler throws fails the item, which is then
// tried again as its queue says; nothing else is harmed.
std::vector<Output> to_fahrenheit(const Input& celsius) {
  const double degrees = std::stod(std::string(celsius.payload()));
  return {Output{.payload = fmt::format("{:.1f}", degrees * 9 / 5 + 32)}};
}

// Waits for the network: runs on threads of its own, where it holds nobody up. A host that does not exist will not exist at the
// next attempt either, and so this failure is final.
std::vector<Output> resolve(const Input& host) {
  const addrinfo only_ipv4 = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const std::string name(host.payload());
  if (const int error = getaddrinfo(name.c_str(), nullptr, &only_ipv4, &found); error != 0) {
    throw HandlerFailure({.failure = {.reason = "NO_SUCH_HOST", .message = fmt::format("{}: {}", name, gai_strerror(error))},
                          .do_not_retry = true});
  }
  std::array<char, INET_ADDRSTRLEN> text{};
  const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
  freeaddrinfo(found);
  return {Output{.payload = text.data()}};
}

// Needs something of its own for each worker, here a generator of random numbers, which two must not use at a time: this makes
// the function of one worker. It is called before the worker takes its first item, and may take as long as it likes.
NativeFunction make_shuffler() {
  return [generator = std::mt19937(std::random_device{}())](const Input& text) mutable -> std::vector<Output> {
    std::string letters(text.payload());
    std::ranges::shuffle(letters, generator);
    return {Output{.payload = std::move(letters)}};
  };
}

}  // namespace

int main(int argc, char** argv) {
  sluice::Server server;
  server.add_handler("fahrenheit", make_native("Degrees Celsius to degrees Fahrenheit", Runs::kInline, to_fahrenheit));
  server.add_handler("resolve", make_native("A host's name to its address", Runs::kOnOwnThread, resolve));
  server.add_handler("shuffle", make_native_per_worker("The letters in another order", Runs::kInline, make_shuffler));
  return server.run(argc, argv);
}
