#include "server/log/rate_limit.h"

#include <utility>

namespace sluice::log {

std::optional<std::uint64_t> RateLimit::admit(std::string_view message, Time now) {
  auto found = windows_.find(message);
  if (found == windows_.end()) {
    if (windows_.size() >= kMaxMessages) forget_old(now);
    if (windows_.size() >= kMaxMessages) return 0;
    found = windows_.emplace(message, Window{now}).first;
  }
  Window& window = found->second;
  if (now - window.start >= window_) {
    window.start = now;
    window.written = 0;
  }
  if (window.written >= burst_) {
    ++window.suppressed;
    return std::nullopt;
  }
  ++window.written;
  return std::exchange(window.suppressed, 0);
}

void RateLimit::forget_old(Time now) {
  std::erase_if(windows_,
                [&](const auto& entry) { return now - entry.second.start >= window_ && entry.second.suppressed == 0; });
}

}  // namespace sluice::log
