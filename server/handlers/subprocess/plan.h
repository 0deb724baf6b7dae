// A subprocess handler's spec, prepared for running many items.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/subprocess.h"
#include "server/handlers/subprocess/argument.h"
#include "server/handlers/subprocess/spawn.h"

namespace sluice::handlers {

// One command of the chain.
struct CommandPlan {
  std::string name;  // the program as the configuration has it, for people: "convert", "/bin/sh"
  std::vector<ArgumentTemplate> argv;
  std::vector<std::string> paths;  // where the program may be, in order
  std::string searched;            // the PATH that gave them; empty for a program with a slash

  // "there is no program convert in /usr/bin:/bin (PATH)", for people.
  [[nodiscard]] std::string not_found() const;
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
  [[nodiscard]] const std::vector<ResourceLimit>& limits() const { return limits_; }
  [[nodiscard]] const std::vector<const char*>& paths(std::size_t command) const { return paths_[command]; }
  // Null: this process's own.
  [[nodiscard]] const char* working_directory() const {
    return spec_.working_directory.empty() ? nullptr : spec_.working_directory.c_str();
  }

  // The launch, or what makes the item unfit for these commands.
  [[nodiscard]] std::variant<Launch, Error> prepare(const Input& input) const;
  // As subprocess_warnings().
  [[nodiscard]] std::vector<std::string> warnings() const;

  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

 private:
  explicit Plan(SubprocessSpec spec);
  absl::Status add_arguments(const Input& input, Launch& launch) const;
  absl::Status add_environment(const Input& input, Launch& launch) const;

  const SubprocessSpec spec_;
  std::vector<CommandPlan> commands_;
  std::vector<std::vector<const char*>> paths_;
  std::vector<std::string> env_;  // "NAME=value", the same for every item
  std::vector<ResourceLimit> limits_;
};

}  // namespace sluice::handlers
