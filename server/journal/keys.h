// The keys of the tables. Numbers are big-endian, so that the store's byte order is their order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::journal {

inline constexpr std::string_view kSequenceKey = "sequence";

// A number as a key.
template <class Number>
class NumberKey {
 public:
  explicit NumberKey(Number number) {
    for (std::size_t i = bytes_.size(); i-- > 0; number = static_cast<Number>(number >> 8)) {
      bytes_.at(i) = static_cast<char>(number & 0xff);
    }
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

  // 0 for anything that is no such key; no id is 0.
  [[nodiscard]] static Number parse(std::string_view key) {
    if (key.size() != sizeof(Number)) return 0;
    Number number = 0;
    for (const char byte : key) number = static_cast<Number>(number << 8 | static_cast<unsigned char>(byte));
    return number;
  }

 private:
  std::array<char, sizeof(Number)> bytes_{};
};

using QueueKey = NumberKey<std::uint32_t>;
using ItemKey = NumberKey<std::uint64_t>;

// Queue id, then the request's own key.
[[nodiscard]] inline std::string request_key(std::uint32_t queue, std::string_view key) {
  return std::string(QueueKey(queue).view()).append(key);
}

}  // namespace sluice::journal
