// KEY=VALUE, as on the command line.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace sluice::cli {

// None if there is no '=' or nothing before it.
[[nodiscard]] inline std::optional<std::pair<std::string, std::string>> parse_attribute(const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0) return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

// What is wrong with it; empty: nothing.
[[nodiscard]] inline std::string check_attribute(const std::string& text) {
  return parse_attribute(text) ? "" : "\"" + text + "\" is not of the form KEY=VALUE";
}

}  // namespace sluice::cli
