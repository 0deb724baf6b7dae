// The calls on schedules: check, call, map. proto/sluice/v1/schedule_service.proto says what each does.
#pragma once

#include "server/rpc/call.h"
#include "sluice/v1/schedule_service.grpc.pb.h"

namespace sluice::rpc {

// Every method takes raw bytes.
template <class Service>
using RawScheduleChanges =
    v1::ScheduleService::WithRawCallbackMethod_CreateSchedule<v1::ScheduleService::WithRawCallbackMethod_UpdateSchedule<
        v1::ScheduleService::WithRawCallbackMethod_DeleteSchedule<v1::ScheduleService::WithRawCallbackMethod_PauseSchedule<
            v1::ScheduleService::WithRawCallbackMethod_ResumeSchedule<Service>>>>>;
template <class Service>
using RawScheduleMethods = v1::ScheduleService::WithRawCallbackMethod_GetSchedule<
    v1::ScheduleService::WithRawCallbackMethod_ListSchedules<RawScheduleChanges<Service>>>;

// Thread-safe. Must outlive the server and every call.
class ScheduleService final : public RawScheduleMethods<v1::ScheduleService::Service> {
 public:
  explicit ScheduleService(House& house) : house_(house) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateSchedule(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* UpdateSchedule(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* GetSchedule(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ListSchedules(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* DeleteSchedule(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* PauseSchedule(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ResumeSchedule(Context* context, const Bytes* in, Bytes* out) override;

 private:
  House& house_;
};

}  // namespace sluice::rpc
