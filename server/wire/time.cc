#include "server/wire/time.h"

#include <algorithm>

namespace sluice::wire {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kLastSecond = 253'402'300'799;              // 9999-12-31T23:59:59Z
constexpr std::int64_t kLongestDurationSeconds = 315'576'000'000;  // as duration.proto has it

}  // namespace

void set_duration(base::Duration from, google::protobuf::Duration& to) {
  const std::int64_t seconds = from.count() / kMicros;
  to.set_seconds(std::min(seconds, kLongestDurationSeconds));
  to.set_nanos(seconds < kLongestDurationSeconds ? static_cast<std::int32_t>(from.count() % kMicros) * 1000 : 0);
}

void set_time(base::Time from, google::protobuf::Timestamp& to) {
  const std::int64_t micros = std::max<std::int64_t>(from.time_since_epoch().count(), 0);
  const std::int64_t seconds = micros / kMicros;
  to.set_seconds(std::min(seconds, kLastSecond));
  to.set_nanos(seconds <= kLastSecond ? static_cast<std::int32_t>(micros % kMicros) * 1000 : 0);
}

}  // namespace sluice::wire
