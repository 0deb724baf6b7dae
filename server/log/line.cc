#include "server/log/line.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sluice::log {
namespace {

std::string cut(std::string_view value) {
  if (value.size() <= kMaxValueBytes) return std::string(value);
  std::size_t end = kMaxValueBytes;
  // Not in the middle of a character: continuation bytes are 10xxxxxx.
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return std::string(value.substr(0, end)) + "...";
}

std::string json_string(std::string_view value) {
  return nlohmann::json(cut(value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_plain(std::string_view value) {
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7F;
  };
  return !value.empty() && std::ranges::all_of(value, plain);
}

std::string text_value(const Field& field) {
  return !field.quoted || (is_plain(field.value) && field.value.size() <= kMaxValueBytes) ? field.value
                                                                                          : json_string(field.value);
}

}  // namespace

std::string text_line(std::string_view message, Fields fields, std::uint64_t suppressed) {
  std::string line(message);
  const char* gap = "  ";
  for (const Field& field : fields) {
    line += fmt::format("{}{}={}", gap, field.key, text_value(field));
    gap = " ";
  }
  if (suppressed > 0) line += fmt::format("{}suppressed={}", gap, suppressed);
  return line;
}

std::string json_members(std::string_view message, Fields fields, std::uint64_t suppressed) {
  std::string line = fmt::format(R"("message":{})", json_string(message));
  for (const Field& field : fields) {
    line += fmt::format(R"(,{}:{})", json_string(field.key), field.quoted ? json_string(field.value) : field.value);
  }
  if (suppressed > 0) line += fmt::format(R"(,"suppressed":{})", suppressed);
  return line;
}

}  // namespace sluice::log
