// What the tests of this folder look at: the reason and the field of a complaint, and the text that names both.
#pragma once

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/errors.h"

namespace sluice::wire {

inline const absl::Status& status_of(const absl::Status& status) { return status; }

template <class Value>
const absl::Status& status_of(const absl::StatusOr<Value>& result) {
  return result.status();
}

// Refused for `reason` because of `field`, which the message begins with.
MATCHER_P2(RefusedFor, reason, field, std::string(base::info(reason).name) + " at " + field) {
  const absl::Status& status = status_of(arg);
  *result_listener << "is " << status.ToString();
  const std::string_view message(status.message().data(), status.message().size());
  const auto about = base::annotations(status);
  const auto found = about.find("field");
  return base::is(status, reason) && found != about.end() && found->second == field &&
         message.starts_with(std::string(field) + ": ");
}

MATCHER(IsOk, "") {
  *result_listener << "is " << status_of(arg).ToString();
  return status_of(arg).ok();
}

// Says so in its message.
MATCHER_P(Saying, text, "") {
  const std::string message(status_of(arg).message());
  *result_listener << "says " << message;
  return message.find(text) != std::string::npos;
}

inline google::protobuf::Duration duration(std::int64_t seconds, std::int32_t nanos = 0) {
  google::protobuf::Duration value;
  value.set_seconds(seconds);
  value.set_nanos(nanos);
  return value;
}

}  // namespace sluice::wire
