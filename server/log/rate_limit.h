// Keeps a message that is repeated a thousand times from filling the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::log {

// Not thread-safe.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // So many different messages are told apart; when there are more, those whose window is over are forgotten, and if none is,
  // the new one is let through uncounted.
  static constexpr std::size_t kMaxMessages = 512;

  RateLimit(std::uint32_t burst, std::chrono::steady_clock::duration window) : burst_(burst), window_(window) {}

  // None: leave this line out. Otherwise write it, and say how many lines of this message were left out before it.
  std::optional<std::uint64_t> admit(std::string_view message, Time now);

 private:
  struct Window {
    Time start;
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
  };

  void forget_old(Time now);

  std::uint32_t burst_;
  std::chrono::steady_clock::duration window_;
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace sluice::log
