// A subprocess handler's spec, prepared for running many items.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/process/program.h"
#include "server/handlers/subprocess.h"
#include "server/handlers/subprocess/argument.h"

namespace sluice::handlers {

// One command of the chain.
struct CommandPlan {
  Program program;
  std::vector<ArgumentTemplate> argv;
};

// What starting the commands for one item takes: argument and environment arrays as execve(2) wants them. Borrows from its
// plan.
class Launch {
 public:
  Launch() = default;
  Launch(Launch&&) = default;
  Launch& operator=(Launch&&) = default;
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  [[nodiscard]] const char* const* argv(std::size_t command) const { return argvs_[command].data(); }
  [[nodiscard]] const char* const* env() const { return env_.data(); }

 private:
  friend class Plan;
  std::vector<std::unique_ptr<std::string>> owned_;
  std::vector<std::vector<const char*>> argvs_;
  std::vector<const char*> env_;
};

// Immutable, thread-safe.
class Plan {
 public:
  // As make_subprocess().
  static absl::StatusOr<std::shared_ptr<const Plan>> make(SubprocessSpec spec);

  [[nodiscard]] const SubprocessSpec& spec() const { return spec_; }
  [[nodiscard]] const std::vector<CommandPlan>& commands() const { return commands_; }
  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }

  // The launch, or what makes the item unfit for these commands.
  [[nodiscard]] std::variant<Launch, Error> prepare(const Input& input) const;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

 private:
  explicit Plan(SubprocessSpec spec);
  absl::Status add_arguments(const Input& input, Launch& launch) const;
  absl::Status add_environment(const Input& input, Launch& launch) const;

  const SubprocessSpec spec_;
  const Surroundings surroundings_;
  std::vector<CommandPlan> commands_;
};

}  // namespace sluice::handlers
