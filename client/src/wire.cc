#include "client/src/wire.h"

#include <algorithm>

#include <fmt/format.h>

#include "client/src/limits.h"
#include "client/src/raise.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sluice::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long one try to connect may take.
int connect_milliseconds(const ClientOptions& options) {
  const auto time = std::clamp<Duration>(options.connect_timeout, kMinConnectTime, kMaxConnectTime);
  return static_cast<int>(std::chrono::duration_cast<milliseconds>(time).count());
}

std::shared_ptr<grpc::Channel> make_channel(const std::string& address, const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(kKeepaliveTime.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(kKeepaliveTimeout.count()));
  // Without this, pings end after two that no data followed: a long wait has no data.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, connect_milliseconds(options));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Clients of one process stay apart: each has its own connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// What the server attached to the status; empty where it is not one of ours.
google::rpc::ErrorInfo error_info(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return info;
  for (const auto& detail : details.details()) {
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) break;
  }
  return info;
}

std::string reason_without_info(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::CANCELLED:
      return "CANCELLED";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNREACHABLE";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "UNIMPLEMENTED";
    case grpc::StatusCode::INTERNAL:
      return "INTERNAL";
    default:
      return "UNKNOWN";
  }
}

[[noreturn]] void raise_status(const grpc::Status& status, const google::rpc::ErrorInfo& info) {
  const std::string reason = info.reason().empty() ? reason_without_info(status.error_code()) : info.reason();
  raise(static_cast<Code>(status.error_code()), reason, status.error_message(),
        {info.metadata().begin(), info.metadata().end()});
}

}  // namespace

Connection::Wire::Wire(const std::string& address, const ClientOptions& options)
    : address_(address),
      options_(options),
      channel_(make_channel(address, options)),
      queues_(v1::QueueService::NewStub(channel_)),
      pipelines_(v1::PipelineService::NewStub(channel_)),
      jobs_(v1::JobService::NewStub(channel_)),
      limits_(v1::LimitService::NewStub(channel_)),
      schedules_(v1::ScheduleService::NewStub(channel_)),
      stores_(v1::StoreService::NewStub(channel_)),
      health_(grpc::health::v1::Health::NewStub(channel_)) {}

Connection::Wire::Attempts::Attempts(Wire& wire, const CallOptions& options, Repeat repeat)
    : wire_(wire),
      options_(options),
      repeat_(repeat),
      patience_({.wait = options.wait,
                 .call_timeout = options.timeout.value_or(wire.options_.call_timeout),
                 .unreachable = wire.options_.connect_timeout,
                 .unreachable_again = wire.options_.reconnect_timeout},
                wire.reached_, steady_clock::now()),
      began_(steady_clock::now()) {}

void Connection::Wire::Attempts::begin(grpc::ClientContext& context) {
  if (repeat_ == Repeat::kUnsafe) connect();
  began_ = steady_clock::now();
  context.set_deadline(std::chrono::system_clock::now() + patience_.attempt_time(began_));
}

// After this the call either goes to a server that is there, or fails without having been sent.
void Connection::Wire::Attempts::connect() {
  while (wire_.channel_->GetState(true) != GRPC_CHANNEL_READY) {
    const auto now = steady_clock::now();
    const auto time = patience_.pause_after_failure(now, now);
    if (!time) return;
    pause(*time);
  }
}

// Waits inside gRPC, which only gets on with connecting while somebody does; shorter when a connection comes to stand.
void Connection::Wire::Attempts::pause(Duration time) {
  const Instant end = steady_clock::now() + time;
  for (Instant now = steady_clock::now(); now < end; now = steady_clock::now()) {
    if (options_.stop.stop_requested()) raise(Code::kCancelled, "CANCELLED", "stopped while the server could not be reached");
    const grpc_connectivity_state state = wire_.channel_->GetState(true);
    const auto left = std::chrono::duration_cast<Duration>(end - now);
    const Duration slice = options_.stop.stop_possible() ? std::min(left, kStopLook) : left;
    wire_.channel_->WaitForStateChange(state, std::chrono::system_clock::now() + slice);
    if (state != GRPC_CHANNEL_READY && wire_.channel_->GetState(false) == GRPC_CHANNEL_READY) return;
  }
}

bool Connection::Wire::Attempts::succeeded(const grpc::Status& status) {
  if (status.ok()) {
    wire_.reached_ = true;
    return true;
  }
  if (options_.stop.stop_requested()) raise(Code::kCancelled, "CANCELLED", "stopped while waiting for the server");
  const google::rpc::ErrorInfo info = error_info(status);
  const auto code = status.error_code();
  // A server that is torn down cancels what it has not answered.
  const bool gone = code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::CANCELLED;
  const bool waits_forever = !options_.wait && code == grpc::StatusCode::DEADLINE_EXCEEDED;
  if (!gone || !info.reason().empty()) wire_.reached_ = true;
  if (waits_forever) return false;
  if (!gone) raise_status(status, info);
  note(status);
  if (!options_.repeat) give_up(status);
  // Only of these the server itself says that nothing was done.
  const bool untouched = info.reason() == "SHUTTING_DOWN" || info.reason() == "RECOVERING";
  if (repeat_ == Repeat::kUnsafe && !untouched) give_up(status);
  const auto time = patience_.pause_after_failure(began_, steady_clock::now());
  if (!time) give_up(status);
  pause(*time);
  return false;
}

void Connection::Wire::Attempts::note(const grpc::Status& status) {
  if (!trouble_.empty()) return;
  // gRPC lists every address that it tried; the end of it says what is wrong.
  constexpr std::string_view kLast = "Failed to connect to remote host: ";
  const std::string& message = status.error_message();
  const std::size_t at = message.rfind(kLast);
  trouble_ = at == std::string::npos ? message : message.substr(at + kLast.size());
}

void Connection::Wire::Attempts::give_up(const grpc::Status& status) const {
  const google::rpc::ErrorInfo info = error_info(status);
  if (!info.reason().empty()) raise_status(status, info);
  raise(Code::kUnavailable, "UNREACHABLE", fmt::format("cannot reach the server at {}: {}", wire_.address_, trouble_));
}

}  // namespace sluice::internal
