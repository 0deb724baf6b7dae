// Single values: text into one field of a message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>

namespace sluice::yaml {

// Where a value goes: a field, or one more element of a repeated field.
struct Slot {
  google::protobuf::Message& message;
  const google::protobuf::FieldDescriptor& field;

  // The message in the slot, a new one if the field is repeated. Only for fields that hold messages.
  [[nodiscard]] google::protobuf::Message& inner() const;
};

// True for everything that is written as a single value: all but messages, and google.protobuf.Duration.
[[nodiscard]] bool is_scalar(const google::protobuf::FieldDescriptor& field);

// Puts the value that `text` means into the slot. Otherwise returns what is wrong with it.
[[nodiscard]] std::optional<std::string> set_scalar(const Slot& slot, const std::string& text);

}  // namespace sluice::yaml
