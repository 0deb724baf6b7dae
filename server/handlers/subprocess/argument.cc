#include "server/handlers/subprocess/argument.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/base/limits.h"

namespace sluice::handlers {
namespace {

constexpr std::string_view kPayload = "{payload}";
constexpr std::string_view kItemId = "{item_id}";
constexpr std::string_view kAttribute = "{attr:";

absl::Status bad(std::string_view message) { return base::error(base::Reason::kInvalidValue, message); }

absl::Status append_text(std::string_view what, std::string_view text, std::string& to) {
  if (text.size() > limits::kMaxPayloadArgumentBytes) {
    return bad(fmt::format("{} has {} bytes, and an argument holds at most {}; use standard input instead", what, text.size(),
                           limits::kMaxPayloadArgumentBytes));
  }
  if (text.find('\0') != text.npos) {
    return bad(fmt::format("{} has a NUL byte, which no argument can hold; use standard input instead", what));
  }
  to += text;
  return absl::OkStatus();
}

}  // namespace

const std::string* find_attribute(const model::Attributes& attributes, std::string_view key) {
  const auto found = std::lower_bound(attributes.begin(), attributes.end(), key,
                                      [](const auto& pair, auto wanted) { return pair.first < wanted; });
  return found != attributes.end() && found->first == key ? &found->second : nullptr;
}

ArgumentTemplate::ArgumentTemplate(std::string_view text, Reading reading) {
  if (reading == kAsItIs) {
    tail_ = text;
    return;
  }
  std::string before;
  while (!text.empty()) {
    const std::size_t close = text.find('}');
    if (text.starts_with(kPayload)) {
      parts_.push_back({.before = std::move(before), .kind = Kind::kPayload, .key = {}});
    } else if (text.starts_with(kItemId)) {
      parts_.push_back({.before = std::move(before), .kind = Kind::kItemId, .key = {}});
    } else if (text.starts_with(kAttribute) && close != text.npos && close > kAttribute.size()) {
      const auto key = text.substr(kAttribute.size(), close - kAttribute.size());
      parts_.push_back({.before = std::move(before), .kind = Kind::kAttribute, .key = std::string(key)});
    } else {
      before += text.front();
      text.remove_prefix(1);
      continue;
    }
    before.clear();
    text.remove_prefix(close + 1);
  }
  tail_ = std::move(before);
}

absl::StatusOr<std::string> ArgumentTemplate::filled(const Input& input) const {
  std::string argument;
  for (const Part& part : parts_) {
    argument += part.before;
    if (auto appended = append(part, input, argument); !appended.ok()) return appended;
  }
  argument += tail_;
  return argument;
}

absl::Status ArgumentTemplate::append(const Part& part, const Input& input, std::string& to) {
  switch (part.kind) {
    case Kind::kPayload:
      return append_text("the payload", input.payload(), to);
    case Kind::kItemId:
      to += std::to_string(model::number(input.item));
      return absl::OkStatus();
    case Kind::kAttribute:
      break;
  }
  const std::string* value = find_attribute(input.body->attributes, part.key);
  if (value == nullptr) {
    return bad(fmt::format("the item has no attribute \"{0}\", which the command's argument {{attr:{0}}} needs", part.key));
  }
  return append_text(fmt::format("the attribute \"{}\"", part.key), *value, to);
}

}  // namespace sluice::handlers
