// What producers put, whatever call they use for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash/checker/history.h"
#include "tests/crash/dice.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

struct Task {
  std::vector<std::string> values;
  std::string payload;  // carries them
  std::string sleep;    // of the attribute that the server's third stage goes by; "never" is beyond it
  std::uint32_t priority = 0;
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds time_to_live{0};  // 0: none
  std::string dedup_key = {};
  std::chrono::milliseconds dedup_window{0};
  std::string unique_key = {};
  std::string order_key = {};
};

// As the history has them.
[[nodiscard]] std::vector<Piece> pieces_of(const Task& task, const std::string& queue);

// Makes a producer's tasks, each with values of its own.
class TaskMaker {
 public:
  // `part` must outlive it.
  explicit TaskMaker(const Producer& part) : part_(part) {}

  [[nodiscard]] Task next(Dice& dice);
  // What became of a put is not known: no key is used again, since nobody could tell what it stands for.
  void forget_keys() { ++generation_; }

 private:
  void add_keys(Task& task, Dice& dice) const;
  [[nodiscard]] std::string key(const char* kind, std::uint32_t number) const;

  const Producer& part_;
  std::uint64_t count_ = 0;
  std::uint64_t generation_ = 1;
};

}  // namespace sluice::crash
