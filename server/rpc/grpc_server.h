// The gRPC server: all services, health, reflection. Everything of gRPC stays behind this header.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/call_counts.h"
#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/runtime/runtime.h"

namespace sluice::rpc {

// Not thread-safe: one thread starts it and shuts it down. Both must outlive it.
//
// The end, for a server that keeps its promises: refuse_new_work(), then the runtime's drain(), while consumers can still
// complete, fail and extend what they hold, then shutdown(), then the runtime's stop().
class GrpcServer {
 public:
  GrpcServer(runtime::Runtime& runtime, const base::Clock& clock);
  // Shuts down at once if that has not been done.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Listens on "host:port"; "[::1]:7410" for IPv6, port 0 for any. Returns the port. The health service (server/rpc/health.h)
  // says NOT_SERVING, and every call is told RECOVERING: the runtime may still be starting. CANNOT_LISTEN, INVALID_VALUE. Once
  // only. A connection that has been silent for `keepalive` is asked whether it lives, and closed without an answer in a third
  // of that (at least 3 s).
  absl::StatusOr<int> start(const std::string& address, base::Duration keepalive = limits::kDefaultKeepalive);

  // Lives as long as the server.
  [[nodiscard]] const base::CallCounts& counts() const;

  // The runtime has been started: calls are taken, and the health service says SERVING. Once, after start().
  void serve();

  // False: the store is full, and the health service says that new work is not taken. Thread-safe; at first there is room.
  void set_room(bool room);

  // The health service says NOT_SERVING. Puts, gets and joins that wait end with SHUTTING_DOWN; so do new ones, and creations.
  // Idempotent.
  void refuse_new_work();

  // As above; then nothing new is accepted, completions that wait for room end, and when every call has ended or `limit` is
  // over, whatever is left is cancelled. When it returns, no call is under way. Idempotent.
  void shutdown(base::Duration limit);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::rpc
