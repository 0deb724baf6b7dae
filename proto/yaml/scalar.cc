#include "proto/yaml/scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include "proto/yaml/duration.h"
#include "proto/yaml/nearest.h"

namespace sluice::yaml {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Problem = std::optional<std::string>;

// Reflection has a pair of functions for every type.
template <class Value, class Argument>
void put(const Slot& slot, Argument value, void (Reflection::*set)(Message*, const FieldDescriptor*, Value) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, Value) const) {
  const Reflection& reflection = *slot.message.GetReflection();
  (reflection.*(slot.field.is_repeated() ? add : set))(&slot.message, &slot.field, std::move(value));
}

template <class Number>
Problem set_integer(const Slot& slot, std::string_view text,
                    void (Reflection::*set)(Message*, const FieldDescriptor*, Number) const,
                    void (Reflection::*add)(Message*, const FieldDescriptor*, Number) const) {
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return fmt::format("{} is not a whole number; write it in digits, as in 100", in_quotes(text));
  }
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{}) {
    return fmt::format("{} is out of range; {} to {} is allowed", text.substr(0, 40), std::numeric_limits<Number>::min(),
                       std::numeric_limits<Number>::max());
  }
  put(slot, value, set, add);
  return std::nullopt;
}

template <class Number>
Problem set_fraction(const Slot& slot, std::string_view text,
                     void (Reflection::*set)(Message*, const FieldDescriptor*, Number) const,
                     void (Reflection::*add)(Message*, const FieldDescriptor*, Number) const) {
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ptr != text.data() + text.size() || parsed.ec == std::errc::invalid_argument || std::isnan(value)) {
    return fmt::format("{} is not a number; write it as in 0.5", in_quotes(text));
  }
  if (parsed.ec != std::errc{} || std::isinf(value)) return fmt::format("{} is out of range", text.substr(0, 40));
  put(slot, value, set, add);
  return std::nullopt;
}

Problem set_bool(const Slot& slot, std::string_view text) {
  if (text != "true" && text != "false") {
    return fmt::format("{} is neither true nor false; write one of these", in_quotes(text));
  }
  put(slot, text == "true", &Reflection::SetBool, &Reflection::AddBool);
  return std::nullopt;
}

// QUEUE_ORDER_ of QueueOrder.
std::string common_beginning(const EnumDescriptor& type) {
  std::string beginning;
  for (const char c : type.name()) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !beginning.empty()) beginning += '_';
    beginning += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return beginning + '_';
}

Problem set_enum(const Slot& slot, const std::string& text) {
  const EnumDescriptor& type = *slot.field.enum_type();
  const std::string beginning = common_beginning(type);
  std::vector<std::string> short_names;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    std::string short_name = value.name();
    if (short_name.starts_with(beginning)) short_name.erase(0, beginning.size());
    std::ranges::transform(short_name, short_name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (text == value.name() || text == short_name) {
      put(slot, value.number(), &Reflection::SetEnumValue, &Reflection::AddEnumValue);
      return std::nullopt;
    }
    if (short_name != "unspecified") short_names.push_back(std::move(short_name));
  }
  return fmt::format("{} is unknown; {}", in_quotes(text), suggestion(text, short_names));
}

Problem set_duration(const Slot& slot, std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) {
    const bool bare = !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    if (bare) return fmt::format("{} has no unit; write \"{}s\" if seconds are meant", text.substr(0, 40), text.substr(0, 40));
    if (text.starts_with('-')) return fmt::format("{} is negative; a duration is not", in_quotes(text));
    return fmt::format("{} is not a duration; write it as in {}", in_quotes(text), kDurationExamples);
  }
  google::protobuf::Duration value;
  value.set_seconds(duration->count() / 1'000'000);
  value.set_nanos(static_cast<std::int32_t>(duration->count() % 1'000'000) * 1'000);
  slot.inner().CopyFrom(value);
  return std::nullopt;
}

}  // namespace

Message& Slot::inner() const {
  const Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field);
}

bool is_scalar(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
         field.message_type() == google::protobuf::Duration::descriptor();
}

Problem set_scalar(const Slot& slot, const std::string& text) {
  switch (slot.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return set_integer<std::int32_t>(slot, text, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return set_integer<std::int64_t>(slot, text, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return set_integer<std::uint32_t>(slot, text, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return set_integer<std::uint64_t>(slot, text, &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return set_fraction<double>(slot, text, &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return set_fraction<float>(slot, text, &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL:
      return set_bool(slot, text);
    case FieldDescriptor::CPPTYPE_ENUM:
      return set_enum(slot, text);
    case FieldDescriptor::CPPTYPE_STRING:
      put(slot, text, &Reflection::SetString, &Reflection::AddString);
      return std::nullopt;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return set_duration(slot, text);
  }
  return "has a type that cannot be written here";
}

}  // namespace sluice::yaml
