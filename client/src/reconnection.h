// Whether and when a stream that broke is opened again.
#pragma once

#include <optional>
#include <stop_token>

#include "client/src/patience.h"
#include "sluice/error.h"
#include "sluice/options.h"

namespace sluice::internal {

// For one thread at a time. The options must outlive it.
class Reconnection {
 public:
  explicit Reconnection(const ClientOptions& options) : options_(options) {}

  // The stream is being opened; it stands; something has come over it, so that patience begins anew.
  void opening();
  void opened() { was_there_ = true; }
  void moved() { patience_.reset(); }

  // After the error that ended it: pauses, and is true when it is time to try again. False: the error says that it would not
  // help, or enough has been tried, or `stop` was requested.
  bool again(const Error& error, const std::stop_token& stop);

 private:
  const ClientOptions& options_;
  Instant opened_{};                  // when the stream was last tried
  bool was_there_ = false;            // the server
  std::optional<Patience> patience_;  // while it is not
};

}  // namespace sluice::internal
