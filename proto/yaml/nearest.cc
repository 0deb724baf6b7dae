#include "proto/yaml/nearest.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace sluice::yaml {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kShownNames = 12;

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

// How many letters must be changed, added, taken away or swapped with their neighbour to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({last[j - 1] + (same ? 0 : 1), last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kShownBytes) return {};
  std::string_view best;
  std::size_t best_distance = std::string_view::npos;
  for (const auto& name : known) {
    const std::size_t wrong = distance(word, name);
    if (wrong * 3 > std::max(word.size(), name.size()) || wrong >= best_distance) continue;
    best = name;
    best_distance = wrong;
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  if (const auto meant = nearest(word, known); !meant.empty()) return fmt::format("did you mean \"{}\"?", meant);
  if (known.empty()) return "nothing can stand here";
  std::string text = "known are";
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i == kShownNames) return text + " and others";
    text += i == 0 ? " " : i + 1 == known.size() ? " and " : ", ";
    text += in_quotes(known[i]);
  }
  return text;
}

std::string in_quotes(std::string_view word) {
  std::size_t end = std::min(word.size(), kShownBytes);
  // Not in the middle of a UTF-8 character.
  while (end > 0 && end < word.size() && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) --end;
  std::string text = "\"";
  for (const char c : word.substr(0, end)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + (end < word.size() ? "\"..." : "\"");
}

}  // namespace sluice::yaml
