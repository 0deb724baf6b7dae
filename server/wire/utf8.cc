#include "server/wire/utf8.h"

#include <algorithm>
#include <cstdint>

namespace sluice::wire {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

constexpr bool is_continuation(char c) { return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80; }

// The length of the character that `text` begins with; 0 if it begins with none.
std::size_t character(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  if (!std::ranges::all_of(text.substr(1, length - 1), is_continuation)) return 0;
  // The second byte's range keeps out over-long forms, surrogates and what is above U+10FFFF.
  const std::uint8_t second = byte_at(text, 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string utf8_repaired(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character(text);
    repaired += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return repaired;
}

std::string_view utf8_head(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && is_continuation(text[most])) --most;
  return text.substr(0, most);
}

std::string_view utf8_tail(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t begin = text.size() - most;
  while (begin < text.size() && is_continuation(text[begin])) ++begin;
  return text.substr(begin);
}

// Repairing makes a text longer, so it is cut after it; and before it, to spend nothing on what goes.
std::string readable_head(std::string_view text, std::size_t most) {
  if (text.size() <= most && is_utf8(text)) return std::string(text);
  const std::string repaired = utf8_repaired(utf8_head(text, most));
  return std::string(utf8_head(repaired, most));
}

std::string readable_tail(std::string_view text, std::size_t most) {
  if (text.size() <= most && is_utf8(text)) return std::string(text);
  const std::string repaired = utf8_repaired(utf8_tail(text, most));
  return std::string(utf8_tail(repaired, most));
}

}  // namespace sluice::wire
