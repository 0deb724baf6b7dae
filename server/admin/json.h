// Messages of the API as JSON, and JSON as messages: with the field names of the protos, as `sluice --json` has them.
//
// Unlike protobuf's own JSON, 64-bit numbers are numbers. All that sluiced gives are below 2^53, which is where JavaScript's
// end. Like there, nothing is left out because it is zero, times are RFC 3339 in UTC, durations "1.5s", enums their names.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"

namespace sluice::admin {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json json_of(const google::protobuf::Message& message);

// The text of a JSON document; what is not UTF-8 in it is replaced.
[[nodiscard]] std::string dump(const Json& json);

// "2026-03-01T12:00:00.123456Z", "1.500s": as above.
[[nodiscard]] std::string time_text(std::int64_t seconds, std::int32_t nanoseconds);
[[nodiscard]] std::string duration_text(std::int64_t seconds, std::int32_t nanoseconds);

// Merges a JSON object into the message; an empty text is an empty object. INVALID_VALUE for what does not fit.
[[nodiscard]] absl::Status read_json(std::string_view text, google::protobuf::Message& message);

}  // namespace sluice::admin
