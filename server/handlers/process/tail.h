// The last bytes of a stream.
#pragma once

#include <string>
#include <string_view>

namespace sluice::handlers {

// Keeps at most twice `limit` bytes of what is appended. Not thread-safe.
class Tail {
 public:
  explicit Tail(std::size_t limit) : limit_(limit) {}

  void append(std::string_view bytes);
  // The last `limit` bytes at most, as valid UTF-8: what is none is replaced by U+FFFD, and no character is cut.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t limit_;
  std::string bytes_;
};

}  // namespace sluice::handlers
