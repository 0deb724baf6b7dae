#include "tests/e2e/scenario.h"

#include "tests/admin/client.h"

namespace sluice::e2e {

void Scenario::start(const std::string& configuration, const std::vector<std::string>& flags, const Environment& environment) {
  server.emplace(support::SluicedProcess::Options{
      .program = program(), .config = configuration, .flags = flags, .environment = environment});
}

void Scenario::TearDown() {
  if (!server || !server->running()) return;
  EXPECT_EQ(server->stop(), 0) << server->standard_error();
}

Client Scenario::connect() const {
  return Client(server->address(), {.connect_timeout = kPatience, .reconnect_timeout = 0s, .call_timeout = kPatience});
}

std::string Scenario::admin(const std::string& target) const {
  const std::string& address = server->admin_address();
  const auto answer = admin::get(std::stoi(address.substr(address.rfind(':') + 1)), target);
  EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
  return answer.body;
}

std::vector<std::string> drain(const Queue& queue) {
  std::vector<std::string> payloads;
  while (auto item = queue.get({.max_wait = 0s, .keep_leased = false})) {
    payloads.push_back(item->payload());
    item->done();
  }
  return payloads;
}

Failure only_failure(const Queue& dead_letters) {
  const auto letters = dead_letters.peek();
  EXPECT_EQ(letters.size(), 1U) << "in " << dead_letters.name();
  if (letters.size() != 1 || !letters.front().last_failure) return {};
  return *letters.front().last_failure;
}

std::vector<std::string> numbers(std::size_t count, std::size_t first) {
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < count; ++i) payloads.push_back(std::to_string(first + i));
  return payloads;
}

}  // namespace sluice::e2e
