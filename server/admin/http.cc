#include "server/admin/http.h"

#include <charconv>
#include <system_error>

namespace sluice::admin {
namespace {

// A '+' in a query is a space.
std::string spaced(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c == '+') c = ' ';
  }
  return result;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned char byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text.size() - i < 3) return std::nullopt;
    const auto parsed = std::from_chars(digits, digits + 2, byte, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != digits + 2) return std::nullopt;
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

std::optional<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  const auto mark = target.find('?');
  Target result{std::string(target.substr(0, mark)), {}};
  auto query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto key = percent_decoded(spaced(pair.substr(0, equals)));
    auto value = percent_decoded(equals == std::string_view::npos ? std::string() : spaced(pair.substr(equals + 1)));
    if (!key || !value) return std::nullopt;
    result.query[*std::move(key)] = *std::move(value);
  }
  return result;
}

}  // namespace sluice::admin
