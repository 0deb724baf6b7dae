// What the health service (grpc.health.v1) answers, name by name.
//
//   "liveness"               SERVING as long as it answers at all: what else it says is no reason to kill the server
//   "" and every service     calls are taken: neither before the store is read, nor from the start of a drain on
//   "readiness"              the same, and there is room for new work: NOT_SERVING also while the store is full
//
// A full store does not turn the services off: a client that asks for a service's health before it calls must still get the
// items out that make room.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include <grpcpp/health_check_service_interface.h>

namespace sluice::rpc {

// Thread-safe. Watchers are told only what changes.
class Health {
 public:
  // From here on `service` says all this, until end(); before that it must not be asked.
  void begin(grpc::HealthCheckServiceInterface& service);
  // `service` goes away. Idempotent.
  void end();

  // Calls are taken, unless they are refused already.
  void serve();
  // No calls are taken any more, for good. Idempotent.
  void refuse();
  // At first there is room.
  void set_room(bool room);

 private:
  void tell();
  void tell(const char* name, bool serving);

  std::mutex mutex_;
  // Guarded by it.
  grpc::HealthCheckServiceInterface* service_ = nullptr;
  std::map<std::string, bool> told_;
  bool serving_ = false;
  bool refusing_ = false;
  bool room_ = true;
};

}  // namespace sluice::rpc
