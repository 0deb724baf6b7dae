// UTF-8: every text field of a message must be valid, or no client can read the message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::wire {

// Well-formed: no stray or missing continuation, nothing over-long, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// `text` with every byte that is part of no character replaced by U+FFFD.
[[nodiscard]] std::string utf8_repaired(std::string_view text);

// The longest beginning, or end, of at most `most` bytes that cuts no character of valid text in two.
[[nodiscard]] std::string_view utf8_head(std::string_view text, std::size_t most);
[[nodiscard]] std::string_view utf8_tail(std::string_view text, std::size_t most);
// The beginning, or end, of at most `most` bytes of any text, repaired.
[[nodiscard]] std::string readable_head(std::string_view text, std::size_t most);
[[nodiscard]] std::string readable_tail(std::string_view text, std::size_t most);

}  // namespace sluice::wire
