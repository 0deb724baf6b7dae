// The admin endpoint: the routes behind an HTTP server.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/admin/house.h"
#include "server/admin/http_server.h"

namespace sluice::admin {

// Not thread-safe: one thread starts and stops it.
//
// It is stopped before the runtime is, and destroyed after that: an action that the store has not yet committed may still want
// to answer in between.
class AdminServer {
 public:
  explicit AdminServer(House house, const HttpLimits& limits = {});
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Serves on "host:port", port 0 for any. Returns the port. CANNOT_LISTEN, INVALID_VALUE. Once only.
  absl::StatusOr<int> start(const std::string& address);
  // Idempotent.
  void stop();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::admin
