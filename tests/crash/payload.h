// Payloads that carry values: one a line, each followed by a space and filling.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::crash {

[[nodiscard]] inline std::string payload_of(const std::vector<std::string>& values, std::size_t filling) {
  std::string payload;
  for (const std::string& value : values) {
    if (!payload.empty()) payload += '\n';
    payload += value + ' ' + std::string(filling, 'x');
  }
  return payload;
}

[[nodiscard]] inline std::vector<std::string> values_in(std::string_view payload) {
  std::vector<std::string> values;
  while (!payload.empty()) {
    const std::string_view line = payload.substr(0, payload.find('\n'));
    values.emplace_back(line.substr(0, line.find(' ')));
    payload.remove_prefix(std::min(payload.size(), line.size() + 1));
  }
  return values;
}

}  // namespace sluice::crash
