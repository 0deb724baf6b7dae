// The calls on schedules.
#include "client/src/wire.h"

namespace sluice::internal {

using ScheduleStub = v1::ScheduleService::Stub;

v1::CreateScheduleResponse Connection::call(const v1::CreateScheduleRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::CreateSchedule, request, options, Repeat::kUnsafe);
}

v1::UpdateScheduleResponse Connection::call(const v1::UpdateScheduleRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::UpdateSchedule, request, options, Repeat::kSafe);
}

v1::GetScheduleResponse Connection::call(const v1::GetScheduleRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::GetSchedule, request, options, Repeat::kSafe);
}

v1::ListSchedulesResponse Connection::call(const v1::ListSchedulesRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::ListSchedules, request, options, Repeat::kSafe);
}

v1::DeleteScheduleResponse Connection::call(const v1::DeleteScheduleRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::DeleteSchedule, request, options, Repeat::kUnsafe);
}

v1::PauseScheduleResponse Connection::call(const v1::PauseScheduleRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::PauseSchedule, request, options, Repeat::kSafe);
}

v1::ResumeScheduleResponse Connection::call(const v1::ResumeScheduleRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->schedules(), &ScheduleStub::ResumeSchedule, request, options, Repeat::kSafe);
}

}  // namespace sluice::internal
