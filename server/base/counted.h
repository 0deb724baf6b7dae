// Numbers with their noun, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::base {

// "1 waiting item", "2 waiting items".
[[nodiscard]] inline std::string counted(std::uint64_t count, std::string_view noun) {
  std::string text = std::to_string(count);
  text += ' ';
  text += noun;
  if (count != 1) text += 's';
  return text;
}

}  // namespace sluice::base
