// Times that many things took, gathered so that any share of them can be asked for.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::cli {

// Buckets of at most 3 % width over the whole range, so memory is constant whatever is added. Not thread-safe: each thread has
// its own, and they are merged at the end.
class Latencies {
 public:
  using Time = std::chrono::nanoseconds;

  void add(Time time, std::uint64_t times = 1);
  void merge(const Latencies& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The time that this share of them, 0 to 1, did not exceed: the upper end of its bucket, but never more than max(). 0 if
  // there are none.
  [[nodiscard]] Time share(double of) const;
  [[nodiscard]] Time max() const { return max_; }

 private:
  static constexpr unsigned kSteps = 32;  // buckets for each power of two
  static constexpr unsigned kPowers = 60;

  static std::size_t bucket_of(std::uint64_t nanoseconds);
  static std::uint64_t upper_end(std::size_t bucket);

  std::array<std::uint64_t, static_cast<std::size_t>(kSteps) * kPowers> buckets_{};
  std::uint64_t count_ = 0;
  Time max_{0};
};

}  // namespace sluice::cli
