// Chance that a seed repeats. One thread's.
#pragma once

#include <cstdint>
#include <random>

namespace sluice::crash {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  // From low to high, both included.
  [[nodiscard]] std::uint32_t roll(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(engine_);
  }
  [[nodiscard]] bool percent(std::uint32_t chance) { return roll(1, 100) <= chance; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sluice::crash
