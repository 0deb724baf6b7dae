// A coprocess handler's spec, prepared for starting children and for talking to them.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/coprocess.h"
#include "server/handlers/coprocess/protocol.h"
#include "server/handlers/process/program.h"

namespace sluice::handlers {

// Immutable, thread-safe.
class CoprocessPlan {
 public:
  // As make_coprocess().
  static absl::StatusOr<std::shared_ptr<const CoprocessPlan>> make(CoprocessSpec spec);

  [[nodiscard]] const CoprocessSpec& spec() const { return spec_; }
  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }
  [[nodiscard]] const Program& program() const { return program_; }
  [[nodiscard]] const Protocol& protocol() const { return protocol_; }
  // As spawn() wants them.
  [[nodiscard]] const char* const* argv() const { return argv_.data(); }
  [[nodiscard]] const char* const* env() const { return env_.data(); }

  CoprocessPlan(const CoprocessPlan&) = delete;
  CoprocessPlan& operator=(const CoprocessPlan&) = delete;

 private:
  explicit CoprocessPlan(CoprocessSpec spec);

  const CoprocessSpec spec_;
  const Surroundings surroundings_;
  const Program program_;
  const Protocol& protocol_;
  std::vector<const char*> argv_;
  std::vector<const char*> env_;
};

// INVALID_VALUE for the first thing that is out of its range; the message begins with the field.
[[nodiscard]] absl::Status check(const CoprocessSpec& spec);

}  // namespace sluice::handlers
