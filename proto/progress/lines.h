// What a command writes about how far it is: lines such as "0.4 resizing", "40% resizing", "0.4", "resizing". For the server
// and for the command.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::progress {

// Under which a command finds the number of the descriptor to write to, and that number. One digit: a shell's ">&" takes no
// more.
inline constexpr std::string_view kVariable = "SLUICE_PROGRESS_FD";
inline constexpr int kDescriptor = 3;
// Of a line; what is longer is cut.
inline constexpr std::size_t kMaxLineBytes = 512;

struct Line {
  std::optional<double> fraction;  // 0 to 1
  std::string message;

  bool operator==(const Line&) const = default;
};

// A first word that is a number from 0 to 1, or from 0% to 100%, is the fraction, and the rest the message. Without one the
// whole line is: "3 of 5 files".
inline Line parse(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  const bool is_percentage = word.ends_with('%');
  const std::string_view number = word.substr(0, word.size() - (is_percentage ? 1 : 0));
  const bool begins_well = !number.empty() && (number.front() == '.' || (number.front() >= '0' && number.front() <= '9'));
  double value = -1.0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value, std::chars_format::fixed);
  const bool is_number = begins_well && parsed.ec == std::errc{} && parsed.ptr == number.data() + number.size();
  const double fraction = is_percentage ? value / 100.0 : value;
  if (!is_number || !(fraction >= 0.0 && fraction <= 1.0)) return {.fraction = std::nullopt, .message = std::string(line)};
  line.remove_prefix(line.size() == word.size() ? word.size() : word.size() + 1);
  return {.fraction = fraction, .message = std::string(line)};
}

// Puts lines together again, in whatever pieces they come. Not thread-safe.
class Lines {
 public:
  // The last line that `bytes` complete, if they complete one: those before it are outdated.
  std::optional<Line> add(std::string_view bytes) {
    const auto last_end = bytes.rfind('\n');
    if (last_end == std::string_view::npos) {
      keep(bytes);
      return std::nullopt;
    }
    const auto before = bytes.substr(0, last_end);
    const auto begin = before.rfind('\n');
    if (begin != std::string_view::npos) line_.clear();
    keep(begin == std::string_view::npos ? before : before.substr(begin + 1));
    Line line = parse(line_);
    line_.clear();
    keep(bytes.substr(last_end + 1));
    return line;
  }

 private:
  void keep(std::string_view bytes) { line_ += bytes.substr(0, kMaxLineBytes - line_.size()); }

  std::string line_;  // that is not complete
};

}  // namespace sluice::progress
