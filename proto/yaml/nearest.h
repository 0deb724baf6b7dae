// "Did you mean ...?"
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::yaml {

// The one of `known` that `word` was probably meant to be: at most every third letter wrong, missing, too much or swapped with
// its neighbour; upper and lower case, and - and _, taken for the same. Empty if none comes near.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string> known);

// For the end of a complaint: `did you mean "capacity"?`, or else `known are "a", "b" and "c"` (the first twelve).
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);

// `word` in quotation marks, cut after 60 bytes and with control characters escaped: fit for a complaint.
[[nodiscard]] std::string in_quotes(std::string_view word);

}  // namespace sluice::yaml
