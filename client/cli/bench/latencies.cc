#include "client/cli/bench/latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::cli {

// Below kSteps each number has a bucket of its own; above, the highest bit says which power of two, and the five bits after it
// which of its steps.
std::size_t Latencies::bucket_of(std::uint64_t nanoseconds) {
  if (nanoseconds < kSteps) return nanoseconds;
  const auto shift = static_cast<unsigned>(std::bit_width(nanoseconds / kSteps) - 1);
  const std::size_t bucket = (shift + 1) * std::size_t{kSteps} + (nanoseconds >> shift) % kSteps;
  return std::min(bucket, std::size_t{kSteps} * kPowers - 1);
}

std::uint64_t Latencies::upper_end(std::size_t bucket) {
  if (bucket < kSteps) return bucket;
  const auto shift = static_cast<unsigned>(bucket / kSteps - 1);
  return ((std::uint64_t{kSteps} + bucket % kSteps + 1) << shift) - 1;
}

void Latencies::add(Time time, std::uint64_t times) {
  const Time positive = std::max(time, Time::zero());
  buckets_.at(bucket_of(static_cast<std::uint64_t>(positive.count()))) += times;
  count_ += times;
  max_ = std::max(max_, positive);
}

void Latencies::merge(const Latencies& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_.at(i) += other.buckets_.at(i);
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Latencies::Time Latencies::share(double of) const {
  if (count_ == 0) return Time::zero();
  const double rank = std::ceil(std::clamp(of, 0.0, 1.0) * static_cast<double>(count_));
  const auto wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count_);
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    so_far += buckets_.at(i);
    if (so_far >= wanted) return std::min(Time(upper_end(i)), max_);
  }
  return max_;
}

}  // namespace sluice::cli
