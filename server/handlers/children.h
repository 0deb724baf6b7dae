// What handlers that run child processes have in common: what is run, where, with which limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/limits.h"

namespace sluice::handlers {

// Either `argv` or `shell`, as in sluice.v1.CommandConfig.
struct CommandSpec {
  // The program and its arguments. A program without a slash is looked up in the PATH that the child will have.
  std::vector<std::string> argv;
  // A script for /bin/sh -c.
  std::string shell;
};

// setrlimit(2) of each child, soft and hard, never above the hard limit of this process. Absent keeps this process's own.
struct ResourceLimits {
  std::optional<base::Duration> cpu_time;  // rounded up to whole seconds; SIGXCPU at it, SIGKILL a second later
  std::optional<std::uint64_t> address_space_bytes;
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> file_size_bytes;
  std::optional<std::uint64_t> processes;
  std::uint64_t core_bytes = 0;
};

struct ChildrenSpec {
  std::string description;
  std::optional<base::Duration> timeout;                    // 1 ms to limits::kMaxHandlerTimeout; none: no limit
  base::Duration grace = limits::kDefaultGrace;             // 0 to limits::kMaxGrace
  std::size_t max_output_bytes = limits::kMaxPayloadBytes;  // 1 to limits::kMaxPayloadBytes
  // Names of variables of this process that the children see, as they are when the handler is made.
  std::vector<std::string> inherit_env = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"};
  std::map<std::string, std::string> env;  // on top
  std::string working_directory;           // empty: this process's own
  ResourceLimits limits;
};

}  // namespace sluice::handlers
