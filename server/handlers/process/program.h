// What starting a handler's children takes, prepared once: programs, environment, resource limits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/handlers/children.h"
#include "server/handlers/process/spawn.h"

namespace sluice::handlers {

// Environment, directory and limits of all children of a handler, as they are when it is made. Immutable, thread-safe.
class Surroundings {
 public:
  explicit Surroundings(const ChildrenSpec& spec);

  // "NAME=value", one for each name.
  [[nodiscard]] const std::vector<std::string>& env() const { return env_; }
  // The children's PATH, or the usual one if they have none.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::vector<ResourceLimit>& limits() const { return limits_; }
  // Empty: this process's own.
  [[nodiscard]] const std::string& directory() const { return directory_; }
  // As spawn() wants it: null for this process's own.
  [[nodiscard]] const char* working_directory() const { return directory_.empty() ? nullptr : directory_.c_str(); }

 private:
  std::vector<std::string> env_;
  std::string path_;
  std::vector<ResourceLimit> limits_;
  std::string directory_;
};

// One command's program. Immutable, thread-safe.
class Program {
 public:
  Program(const CommandSpec& command, const Surroundings& surroundings);
  Program(Program&&) = default;
  Program& operator=(Program&&) = delete;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // As the configuration has it, for people: "convert", "/bin/sh".
  [[nodiscard]] const std::string& name() const { return argv_.front(); }
  // A script's are those of its shell.
  [[nodiscard]] const std::vector<std::string>& argv() const { return argv_; }
  // Where it may be, in order, as spawn() wants it.
  [[nodiscard]] const char* const* paths() const { return pointers_.data(); }

  // Whether it is there now and can be executed.
  [[nodiscard]] bool is_there(const Surroundings& surroundings) const;
  // "there is no program convert in /usr/bin:/bin (PATH)".
  [[nodiscard]] std::string not_found() const;

 private:
  std::vector<std::string> argv_;
  std::vector<std::string> paths_;
  std::vector<const char*> pointers_;
  std::string searched_;  // the PATH that gave them; empty for a program with a slash
};

// What looks wrong on this machine, one sentence each; empty if nothing.
[[nodiscard]] std::vector<std::string> warnings_of(const Surroundings& surroundings, const std::vector<Program>& programs);

}  // namespace sluice::handlers
