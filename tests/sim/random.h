// Deterministic randomness: the same seed gives the same numbers with every compiler and library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace sluice::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 to n - 1; n > 0.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  // Both included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  template <class Element>
  const Element& one_of(const std::vector<Element>& elements) {
    return elements[static_cast<std::size_t>(below(elements.size()))];
  }
  // The index of one of the weights, each as likely as it weighs.
  std::size_t weighted(const std::vector<std::uint32_t>& weights) {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights) sum += weight;
    std::uint64_t left = below(sum);
    std::size_t index = 0;
    while (left >= weights[index]) left -= weights[index++];
    return index;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sluice::sim
