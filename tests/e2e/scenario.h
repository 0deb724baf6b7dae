// What every scenario has: a server of its own, reached through the client library.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/sluice.h"
#include "tests/e2e/patience.h"
#include "tests/e2e/process.h"
#include "tests/support/sluiced_process.h"

namespace sluice::e2e {

class Scenario : public testing::Test {
 protected:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  // Starts sluiced with this configuration file (none if empty) and waits until it serves. The environment comes on top.
  void start(const std::string& configuration = {}, const std::vector<std::string>& flags = {},
             const Environment& environment = {});
  // The program to start instead of sluiced.
  [[nodiscard]] virtual std::string program() const { return {}; }
  // Unless the test ended the server itself: it must end well, which it does not with a sanitizer's complaint.
  void TearDown() override;

  // A connection of its own. It does not wait for a server that is gone.
  [[nodiscard]] Client connect() const;
  // What the admin endpoint says under this path; it must be a success.
  [[nodiscard]] std::string admin(const std::string& target) const;

  std::optional<support::SluicedProcess> server;
};

// The payloads that wait in the queue now, taken and done.
std::vector<std::string> drain(const Queue& queue);
// Of the item in a dead-letter queue, which must be the only one.
Failure only_failure(const Queue& dead_letters);
// Numbers from `first` on, as payloads.
std::vector<std::string> numbers(std::size_t count, std::size_t first = 0);

// The reason of the error that `call` throws; empty if it throws none.
template <class Call>
std::string reason_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.reason();
  }
  return {};
}

}  // namespace sluice::e2e
