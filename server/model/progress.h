// How far the work on an item is, as whoever does it reports.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/base/clock.h"

namespace sluice::model {

struct Progress {
  std::optional<double> fraction;  // that is done, 0 to 1
  std::string message;             // UTF-8, at most limits::kMaxProgressMessageBytes
  base::Time time{};               // when it was reported

  // A report that says nothing takes back what was said before.
  [[nodiscard]] bool says_something() const { return fraction.has_value() || !message.empty(); }
  bool operator==(const Progress&) const = default;
};
using ProgressPtr = std::shared_ptr<const Progress>;

// Within 0 to 1; none if it is no number.
[[nodiscard]] inline std::optional<double> as_fraction(double value) {
  if (value != value) return std::nullopt;
  return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}

}  // namespace sluice::model
