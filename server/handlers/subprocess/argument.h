// One argument of a command, with its placeholders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/handler.h"

namespace sluice::handlers {

// "--name={attr:name}", read once and filled in for each item. Immutable, thread-safe.
class ArgumentTemplate {
 public:
  enum Reading { kWithPlaceholders, kAsItIs };

  // Anything in braces that is no placeholder stays as it is.
  explicit ArgumentTemplate(std::string_view text, Reading reading = kWithPlaceholders);

  [[nodiscard]] bool is_literal() const { return parts_.empty(); }
  // The argument, if it is literal.
  [[nodiscard]] const std::string& literal() const { return tail_; }
  // The argument for `input`. BAD_ARGUMENT (as kInvalidValue, its message for people) for a payload or attribute that cannot
  // stand in an argument: not there, a NUL byte, over limits::kMaxPayloadArgumentBytes.
  [[nodiscard]] absl::StatusOr<std::string> filled(const Input& input) const;

 private:
  enum class Kind { kPayload, kItemId, kAttribute };
  struct Part {
    std::string before;  // literal text before the placeholder
    Kind kind{};
    std::string key;  // of the attribute
  };
  static absl::Status append(const Part& part, const Input& input, std::string& to);

  std::vector<Part> parts_;
  std::string tail_;  // literal text after the last placeholder
};

// Null if there is no attribute of this key.
[[nodiscard]] const std::string* find_attribute(const model::Attributes& attributes, std::string_view key);

}  // namespace sluice::handlers
