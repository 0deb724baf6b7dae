// Many durations, and what share of them is below which.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace sluice::bench {

class Latencies {
 public:
  void add(std::chrono::steady_clock::duration time) { us_.push_back(std::chrono::duration<double, std::micro>(time).count()); }
  // In microseconds, 0 < share < 1; 0 if there are none.
  [[nodiscard]] double percentile(double share) {
    if (us_.empty()) return 0;
    const auto at = us_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(us_.size()));
    std::nth_element(us_.begin(), at, us_.end());
    return *at;
  }
  [[nodiscard]] std::size_t count() const { return us_.size(); }

 private:
  std::vector<double> us_;
};

}  // namespace sluice::bench
