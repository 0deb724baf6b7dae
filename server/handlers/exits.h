// How the children of a handler have ended, counted since it was made.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "server/model/failure.h"

namespace sluice::handlers {

// The commands of one item count once, under the name that the item's outcome has too; a coprocess counts once, when it ends.
// Thread-safe.
class Exits {
 public:
  static constexpr std::string_view kSucceeded = "SUCCEEDED";
  // Their item was given up, because the server went down or its stage was deleted.
  static constexpr std::string_view kGivenUp = "GIVEN_UP";
  static constexpr std::array kReasons = {
      kSucceeded,
      model::failure_reason::kExitCode,
      model::failure_reason::kSignaled,
      model::failure_reason::kTimedOut,
      model::failure_reason::kOutputTooLarge,
      model::failure_reason::kSpawnFailed,
      model::failure_reason::kBadFrame,
      kGivenUp,
  };
  using Counts = std::array<std::pair<std::string_view, std::uint64_t>, kReasons.size()>;

  // One of kReasons; anything else is not counted.
  void count(std::string_view reason) {
    for (std::size_t i = 0; i < kReasons.size(); ++i) {
      if (kReasons.at(i) == reason) ++counts_.at(i);
    }
  }
  // In the order of kReasons.
  [[nodiscard]] Counts counts() const {
    Counts counts;
    for (std::size_t i = 0; i < kReasons.size(); ++i) counts.at(i) = {kReasons.at(i), counts_.at(i)};
    return counts;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kReasons.size()> counts_{};
};

// A handler that runs children.
class HasChildren {
 public:
  virtual ~HasChildren() = default;
  [[nodiscard]] virtual const Exits& exits() const = 0;
};

}  // namespace sluice::handlers
