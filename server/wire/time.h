// Times and durations between the model and protobuf's well-known types.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "server/base/clock.h"

namespace sluice::wire {

// Not negative.
void set_duration(base::Duration from, google::protobuf::Duration& to);
// From 1970 on. What lies beyond the year 9999, kNever too, becomes its last second: a Timestamp holds no more.
void set_time(base::Time from, google::protobuf::Timestamp& to);

}  // namespace sluice::wire
