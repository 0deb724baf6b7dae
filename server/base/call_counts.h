// What became of the calls that a server answers, method by method.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/base/histogram.h"

namespace sluice::base {

// As the metrics call it: "sluice.v1.QueueService", "Put", "unary". The texts are literals.
struct CallName {
  std::string_view service;
  std::string_view method;
  std::string_view type;
};

// Thread-safe, and never reset: the counts outlive the calls. A method is known by its place in the list.
class CallCounts {
 public:
  static constexpr std::size_t kCodes = 17;  // OK to UNAUTHENTICATED

  struct Method {
    std::atomic<std::uint64_t> started = 0;
    std::array<std::atomic<std::uint64_t>, kCodes> handled{};  // by code
    SharedHistogram seconds;                                   // of those handled
  };

  // `names` must outlive it.
  explicit CallCounts(std::span<const CallName> names) : names_(names), methods_(names.size()) {}

  void count_start(std::size_t method) { methods_[method].started.fetch_add(1, std::memory_order_relaxed); }
  void count_end(std::size_t method, absl::StatusCode code, Duration took) {
    const auto number = static_cast<std::size_t>(code);
    // What is no code counts as UNKNOWN.
    methods_[method].handled[number < kCodes ? number : 2].fetch_add(1, std::memory_order_relaxed);
    methods_[method].seconds.add(took);
  }

  [[nodiscard]] std::span<const CallName> names() const { return names_; }
  [[nodiscard]] const Method& method(std::size_t number) const { return methods_[number]; }

 private:
  const std::span<const CallName> names_;
  std::vector<Method> methods_;
};

}  // namespace sluice::base
