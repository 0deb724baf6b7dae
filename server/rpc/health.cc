#include "server/rpc/health.h"

#include "sluice/v1/job_service.grpc.pb.h"
#include "sluice/v1/limit_service.grpc.pb.h"
#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "sluice/v1/schedule_service.grpc.pb.h"
#include "sluice/v1/store_service.grpc.pb.h"

namespace sluice::rpc {

void Health::begin(grpc::HealthCheckServiceInterface& service) {
  const std::lock_guard lock(mutex_);
  service_ = &service;
  tell();
}

void Health::end() {
  const std::lock_guard lock(mutex_);
  service_ = nullptr;
}

void Health::serve() {
  const std::lock_guard lock(mutex_);
  serving_ = true;
  tell();
}

void Health::refuse() {
  const std::lock_guard lock(mutex_);
  refusing_ = true;
  tell();
}

void Health::set_room(bool room) {
  const std::lock_guard lock(mutex_);
  room_ = room;
  tell();
}

void Health::tell() {
  if (service_ == nullptr) return;
  const bool taken = serving_ && !refusing_;
  tell("liveness", true);
  for (const char* name : {"", v1::QueueService::service_full_name(), v1::PipelineService::service_full_name(),
                           v1::JobService::service_full_name(), v1::LimitService::service_full_name(),
                           v1::ScheduleService::service_full_name(), v1::StoreService::service_full_name()}) {
    tell(name, taken);
  }
  tell("readiness", taken && room_);
}

void Health::tell(const char* name, bool serving) {
  const auto [found, first] = told_.try_emplace(name, serving);
  if (!first && found->second == serving) return;
  found->second = serving;
  service_->SetServingStatus(name, serving);
}

}  // namespace sluice::rpc
