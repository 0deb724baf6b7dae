// What every command is run with: the global options and the connection to the server.
#pragma once

#include <memory>

#include "client/cli/arguments.h"
#include "client/src/connection.h"
#include "sluice/client.h"

namespace sluice::cli {

class Session {
 public:
  explicit Session(Globals globals) : globals_(std::move(globals)) {}

  [[nodiscard]] bool json() const { return globals_.json; }
  [[nodiscard]] const std::string& server() const { return globals_.server; }
  // Made at the first use.
  [[nodiscard]] const std::shared_ptr<internal::Connection>& connection() {
    if (!connection_) {
      ClientOptions options;
      options.connect_timeout = globals_.connect_timeout;
      connection_ = std::make_shared<internal::Connection>(globals_.server, options);
    }
    return connection_;
  }
  template <class Request>
  auto call(const Request& request) {
    return connection()->call(request);
  }
  [[nodiscard]] Queue queue(const std::string& name) { return {connection(), name}; }

 private:
  const Globals globals_;
  std::shared_ptr<internal::Connection> connection_;
};

}  // namespace sluice::cli
