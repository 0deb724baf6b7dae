#include "server/admin/json.h"

#include <cmath>
#include <cstdlib>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include "server/base/errors.h"

namespace sluice::admin {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// With 0, 3, 6 or 9 digits, as many as are needed.
std::string fraction(std::int32_t nanoseconds) {
  if (nanoseconds == 0) return "";
  if (nanoseconds % 1'000'000 == 0) return fmt::format(".{:03}", nanoseconds / 1'000'000);
  if (nanoseconds % 1'000 == 0) return fmt::format(".{:06}", nanoseconds / 1'000);
  return fmt::format(".{:09}", nanoseconds);
}

Json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

// One value: of a field that is there once, or of a repeated one at `index`.
class Value {
 public:
  Value(const Message& message, const FieldDescriptor& field, int index) : message_(message), field_(field), index_(index) {}

  [[nodiscard]] Json json() const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
      case FieldDescriptor::CPPTYPE_INT64:
        return get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
      case FieldDescriptor::CPPTYPE_UINT32:
        return get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
      case FieldDescriptor::CPPTYPE_UINT64:
        return get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return number(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return number(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
      case FieldDescriptor::CPPTYPE_BOOL:
        return get(&Reflection::GetBool, &Reflection::GetRepeatedBool);
      case FieldDescriptor::CPPTYPE_ENUM:
        return get(&Reflection::GetEnum, &Reflection::GetRepeatedEnum)->name();
      case FieldDescriptor::CPPTYPE_STRING:
        return get(&Reflection::GetString, &Reflection::GetRepeatedString);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    const Reflection& reflection = *message_.GetReflection();
    return json_of(index_ < 0 ? reflection.GetMessage(message_, &field_)
                              : reflection.GetRepeatedMessage(message_, &field_, index_));
  }

 private:
  template <class Type>
  Type get(Type (Reflection::*single)(const Message&, const FieldDescriptor*) const,
           Type (Reflection::*repeated)(const Message&, const FieldDescriptor*, int) const) const {
    const Reflection& reflection = *message_.GetReflection();
    return index_ < 0 ? (reflection.*single)(message_, &field_) : (reflection.*repeated)(message_, &field_, index_);
  }

  const Message& message_;
  const FieldDescriptor& field_;
  const int index_;
};

std::string map_key(const Message& entry, const FieldDescriptor& key) {
  const Json json = Value(entry, key, -1).json();
  return json.is_string() ? json.get<std::string>() : json.dump();
}

Json map_json(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json json = Json::object();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    json[map_key(entry, *field.message_type()->map_key())] = Value(entry, *field.message_type()->map_value(), -1).json();
  }
  return json;
}

Json list_json(const Message& message, const FieldDescriptor& field) {
  Json json = Json::array();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) json.push_back(Value(message, field, i).json());
  return json;
}

}  // namespace

std::string time_text(std::int64_t seconds, std::int32_t nanoseconds) {
  const auto time = static_cast<std::time_t>(seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}{}Z", fmt::gmtime(time), fraction(nanoseconds));
}

std::string duration_text(std::int64_t seconds, std::int32_t nanoseconds) {
  const bool negative = seconds < 0 || nanoseconds < 0;
  return fmt::format("{}{}{}s", negative ? "-" : "", std::abs(seconds), fraction(std::abs(nanoseconds)));
}

Json json_of(const Message& message) {
  const auto* const type = message.GetDescriptor();
  if (type == google::protobuf::Timestamp::descriptor()) {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    return time_text(time.seconds(), time.nanos());
  }
  if (type == google::protobuf::Duration::descriptor()) {
    const auto& duration = static_cast<const google::protobuf::Duration&>(message);
    return duration_text(duration.seconds(), duration.nanos());
  }
  Json json = Json::object();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor& field = *type->field(i);
    if (field.is_map()) {
      json[field.name()] = map_json(message, field);
    } else if (field.is_repeated()) {
      json[field.name()] = list_json(message, field);
    } else if (!field.has_presence() || message.GetReflection()->HasField(message, &field)) {
      json[field.name()] = Value(message, field, -1).json();
    }
  }
  return json;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'; }

absl::Status read_json(std::string_view text, Message& message) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return absl::OkStatus();
  const auto status = google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &message);
  if (status.ok()) return absl::OkStatus();
  return base::error(base::Reason::kInvalidValue, fmt::format("the body is no {} in JSON: {}", message.GetDescriptor()->name(),
                                                              status.message().ToString()));
}

}  // namespace sluice::admin
