#include "server/rpc/grpc_server.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include "server/base/limits.h"
#include "server/rpc/call.h"
#include "server/rpc/grpc_log.h"
#include "server/rpc/health.h"
#include "server/rpc/job_service.h"
#include "server/rpc/limit_service.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/pipeline_service.h"
#include "server/rpc/queue_service.h"
#include "server/rpc/schedule_service.h"
#include "server/rpc/store_service.h"
#include "server/rpc/unknown_methods.h"

namespace sluice::rpc {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kMinPingInterval = 10s;
constexpr base::Duration kLeastAnswerTime = 3s;  // of whoever is asked whether it lives
// Reflection is gRPC's own and blocks a thread for each stream; nothing else does.
constexpr int kReflectionThreads = 8;

void set_limits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMaxRequestBytes));
  // Answers bound themselves. One that did not pass here would lose what it carries.
  builder.SetMaxSendMessageSize(-1);
  builder.SetResourceQuota(grpc::ResourceQuota("sluice").SetMaxThreads(kReflectionThreads));
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
}

void set_connections(grpc::ServerBuilder& builder, base::Duration keepalive) {
  const auto milliseconds = [](base::Duration time) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  // A taken port is an error, not something to share.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients may ask often whether we live, also while nothing is under way; we ask too, so that the leases of a machine that
  // vanished come back.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, milliseconds(kMinPingInterval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(keepalive));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(std::max(keepalive / 3, kLeastAnswerTime)));
  // Without this, pings end after two that no data followed, and whoever vanishes after a long silence is never missed.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

}  // namespace

class GrpcServer::Parts {
 public:
  Parts(runtime::Runtime& runtime, const base::Clock& clock) : house_{.runtime = runtime, .clock = clock} {}

  [[nodiscard]] const base::CallCounts& counts() const { return house_.counts; }

  absl::StatusOr<int> start(const std::string& address, base::Duration keepalive) {
    if (auto status = check_listen_address(address); !status.ok()) return status;
    log_what_grpc_says();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    set_limits(builder);
    set_connections(builder, keepalive);
    builder.RegisterService(&queues_);
    builder.RegisterService(&pipelines_);
    builder.RegisterService(&jobs_);
    builder.RegisterService(&limits_);
    builder.RegisterService(&schedules_);
    builder.RegisterService(&stores_);
    builder.RegisterCallbackGenericService(&unknown_);
    int port = 0;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      server_ = nullptr;
      return why_not_listening(address);
    }
    health_.begin(*server_->GetHealthCheckService());
    return port;
  }

  void serve() {
    house_.recovered = true;
    health_.serve();
  }

  void set_room(bool room) { health_.set_room(room); }

  void refuse_new_work() {
    health_.refuse();
    house_.waits.refuse_all();
    house_.backups.refuse_all();
  }

  void shutdown(base::Duration limit) {
    refuse_new_work();
    house_.hand_ons.refuse_all();
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + limit);
    server_->Wait();
    health_.end();
    server_ = nullptr;
  }

 private:
  House house_;
  QueueService queues_{house_};
  PipelineService pipelines_{house_};
  JobService jobs_{house_};
  LimitService limits_{house_};
  ScheduleService schedules_{house_};
  StoreService stores_{house_};
  UnknownMethods unknown_;
  Health health_;
  std::unique_ptr<grpc::Server> server_;
};

GrpcServer::GrpcServer(runtime::Runtime& runtime, const base::Clock& clock) : parts_(std::make_unique<Parts>(runtime, clock)) {}

GrpcServer::~GrpcServer() { shutdown(base::Duration(0)); }

absl::StatusOr<int> GrpcServer::start(const std::string& address, base::Duration keepalive) {
  return parts_->start(address, keepalive);
}

const base::CallCounts& GrpcServer::counts() const { return parts_->counts(); }

void GrpcServer::serve() { parts_->serve(); }

void GrpcServer::set_room(bool room) { parts_->set_room(room); }

void GrpcServer::refuse_new_work() { parts_->refuse_new_work(); }

void GrpcServer::shutdown(base::Duration limit) { parts_->shutdown(limit); }

}  // namespace sluice::rpc
