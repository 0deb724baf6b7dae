// HTTP/1.1 over TCP: connections with limits and time-outs, behind which requests become answers. Beast stays behind this.
//
// One thread. A connection that is slow, silent or says nonsense is ended; at the bound on connections, the one that has been
// silent for the longest makes room for a new one, so that idle ones cannot keep anybody out.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/admin/http.h"
#include "server/base/clock.h"
#include "server/base/limits.h"

namespace sluice::admin {

struct HttpLimits {
  std::size_t connections = limits::kMaxAdminConnections;
  std::size_t header_bytes = limits::kMaxAdminHeaderBytes;
  std::size_t body_bytes = limits::kMaxAdminBodyBytes;
  base::Duration request = limits::kAdminRequestTimeout;
  base::Duration idle = limits::kAdminIdleTimeout;
  base::Duration write = limits::kAdminWriteTimeout;
  base::Duration answer = limits::kAdminActionTimeout;
  base::Duration event_interval = limits::kEventInterval;
  base::Duration event_ping = limits::kEventPing;
};

// Called on the server's thread; it must not block.
using HttpHandler = std::function<void(const Request&, Reply)>;

// Not thread-safe: one thread starts and stops it. What still holds a Reply after stop() may use it until this is destroyed.
class HttpServer {
 public:
  HttpServer(const HttpLimits& limits, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Serves on "host:port", "[::1]:7411", port 0 for any. Returns the port. CANNOT_LISTEN, INVALID_VALUE. Once only.
  absl::StatusOr<int> start(const std::string& address);
  // Ends every connection. When it returns, no handler runs. Idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::admin
