// What producers put, whatever call they use for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash/dice.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

struct Task {
  std::vector<std::string> values;
  std::string payload;  // carries them
  std::string sleep;    // of the attribute that the server's third stage goes by; "never" is beyond it
  std::uint32_t priority = 0;
  std::chrono::milliseconds delay{0};
};

// Makes a producer's tasks, each with values of its own.
class TaskMaker {
 public:
  // `part` must outlive it.
  explicit TaskMaker(const Producer& part) : part_(part) {}

  [[nodiscard]] Task next(Dice& dice);

 private:
  const Producer& part_;
  std::uint64_t count_ = 0;
};

}  // namespace sluice::crash
