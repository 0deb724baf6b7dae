// Text that is UTF-8, whatever came in.
#pragma once

#include <string>
#include <string_view>

namespace sluice::handlers {

// `bytes` with every byte that is not part of a UTF-8 character replaced by U+FFFD.
[[nodiscard]] std::string repair_utf8(std::string_view bytes);

// At most `limit` bytes of `text`, ending, or beginning, with a whole character.
[[nodiscard]] std::string first_characters(std::string text, std::size_t limit);
[[nodiscard]] std::string_view last_characters(std::string_view text, std::size_t limit);

}  // namespace sluice::handlers
