// How long something took, counted in buckets.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "server/base/clock.h"

namespace sluice::base {

// The upper ends of the buckets, each included; one more takes what is longer than the last. The same for all histograms, so
// that they can be added and compared.
inline constexpr std::array<Duration, 13> kBuckets = {
    Duration{100},        Duration{500},         Duration{1'000},        Duration{5'000},     Duration{10'000},
    Duration{50'000},     Duration{100'000},     Duration{500'000},      Duration{1'000'000}, Duration{5'000'000},
    Duration{30'000'000}, Duration{300'000'000}, Duration{3'600'000'000}};

// The number of the bucket that counts `time`.
[[nodiscard]] inline std::size_t bucket_of(Duration time) {
  return static_cast<std::size_t>(std::ranges::lower_bound(kBuckets, time) - kBuckets.begin());
}

// A value; whoever shares it guards it.
struct Histogram {
  std::array<std::uint64_t, kBuckets.size() + 1> counts{};
  Duration sum{0};

  void add(Duration time) {
    time = std::max(time, Duration{0});
    ++counts[bucket_of(time)];
    sum += time;
  }
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
  }
  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t each : counts) all += each;
    return all;
  }
  bool operator==(const Histogram&) const = default;
};

// The same, added to by any thread.
class SharedHistogram {
 public:
  void add(Duration time) {
    time = std::max(time, Duration{0});
    counts_[bucket_of(time)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(time.count(), std::memory_order_relaxed);
  }
  // Not of one moment: what is added meanwhile may be in one count and not yet in another.
  [[nodiscard]] Histogram seen() const {
    Histogram result;
    for (std::size_t i = 0; i < counts_.size(); ++i) result.counts[i] = counts_[i].load(std::memory_order_relaxed);
    result.sum = Duration{sum_.load(std::memory_order_relaxed)};
    return result;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets.size() + 1> counts_{};
  std::atomic<Duration::rep> sum_ = 0;
};

}  // namespace sluice::base
