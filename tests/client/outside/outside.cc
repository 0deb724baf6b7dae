// Uses the library as a user's program does, at an address where nobody listens.
#include <iostream>

#include <sluice/sluice.h>

int main() {
  const sluice::Client client("127.0.0.1:1", {.connect_timeout = std::chrono::seconds(0)});
  try {
    client.queue("tasks").put("hello", {.max_wait = std::chrono::seconds(0)});
  } catch (const sluice::Unavailable& error) {
    std::cout << sluice::version() << ' ' << error.reason() << '\n';
    return 0;
  }
  return 1;
}
