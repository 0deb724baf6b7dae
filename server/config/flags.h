// sluiced's command line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

namespace sluice::config {

// What to do with the store in the data directory instead of serving it.
struct StoreTask {
  enum class Kind { kInspect, kCompact, kRestore };
  Kind kind = Kind::kInspect;
  bool json = false;       // kInspect
  std::string backup;      // kRestore: the file
  bool overwrite = false;  // kRestore: also where something is stored already
};

// What was said on the command line, as text; load() checks the values.
struct Flags {
  std::optional<std::string> config;  // the file
  bool check_config = false;
  std::optional<StoreTask> store_task;
  // Settings by the path of their field in ServerConfig: "log.level". Only those that were given.
  std::map<std::string, std::string> settings;
};

// The command line asks for text instead of a server (--help, --version), or is wrong.
struct Answer {
  int exit_code = 0;  // 2 if it is wrong
  std::string output;
  std::string error;
};

// A setting that has a flag and an environment variable.
struct FlagInfo {
  const char* path;         // in ServerConfig
  const char* flag;         // --listen; null: the command line, which everybody on the machine sees, is no place for it
  const char* environment;  // SLUICE_LISTEN
  const char* value;        // how the help calls it
  const char* help;
};
inline constexpr FlagInfo kFlags[] = {
    {"listen", "--listen", "SLUICE_LISTEN", "HOST:PORT", "Where gRPC listens; port 0 = any free one (127.0.0.1:7410)"},
    {"admin.listen", "--admin", "SLUICE_ADMIN", "HOST:PORT", "Where the admin endpoint listens, or none (127.0.0.1:7411)"},
    {"admin.token", nullptr, "SLUICE_ADMIN_TOKEN", "TOKEN", "What the admin endpoint's actions need (nothing)"},
    {"admin.token_file", "--admin-token-file", "SLUICE_ADMIN_TOKEN_FILE", "FILE", "The same, in a file"},
    {"data", "--data", "SLUICE_DATA", "DIR", "Keep everything in this directory; none = only in memory (below)"},
    {"data_max_bytes", "--data-max-bytes", "SLUICE_DATA_MAX_BYTES", "N", "How large the store may grow (68719476736)"},
    {"payload_memory_bytes", "--payload-memory-bytes", "SLUICE_PAYLOAD_MEMORY_BYTES", "N",
     "Payloads beyond this are read back from the store (268435456)"},
    {"threads", "--threads", "SLUICE_THREADS", "N", "Threads for stages and child processes (the cores, at least 2)"},
    {"drain_timeout", "--drain-timeout", "SLUICE_DRAIN_TIMEOUT", "DURATION", "How long SIGTERM lets running work finish (10s)"},
    {"keepalive", "--keepalive", "SLUICE_KEEPALIVE", "DURATION", "After so long a silence a client is asked if it lives (60s)"},
    {"log.level", "--log-level", "SLUICE_LOG_LEVEL", "LEVEL", "debug, info, warn or error (info)"},
    {"log.format", "--log-format", "SLUICE_LOG_FORMAT", "FORMAT", "text, json, or auto: text on a terminal, else json (auto)"},
    {"debug_slow_reactions", "--debug-slow-reactions", "SLUICE_DEBUG_SLOW_REACTIONS", "DURATION",
     "Report whatever holds a thread for longer than this (off)"},
};
inline constexpr const char* kConfigVariable = "SLUICE_CONFIG";

[[nodiscard]] std::variant<Flags, Answer> parse_flags(int argc, const char* const* argv);

}  // namespace sluice::config
