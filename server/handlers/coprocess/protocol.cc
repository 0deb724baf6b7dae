#include "server/handlers/coprocess/protocol.h"

#include <fmt/format.h>

#include "server/handlers/utf8.h"

namespace sluice::handlers {

Error too_large(std::size_t max_output_bytes) {
  Error error;
  error.failure.reason = model::failure_reason::kOutputTooLarge;
  error.failure.message = fmt::format(
      "the coprocess answered with more than max_output_bytes, {}; write large results elsewhere and hand on a reference",
      max_output_bytes);
  return error;
}

std::string excerpt(std::string_view bytes) {
  constexpr std::size_t kMaxBytes = 60;
  const auto line = bytes.substr(0, bytes.find('\n'));
  std::string text = repair_utf8(line.substr(0, kMaxBytes));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return fmt::format("\"{}{}\"", text, line.size() > kMaxBytes ? "..." : "");
}

}  // namespace sluice::handlers
