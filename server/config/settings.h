// Everything that can be set on a server, read and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/handlers/coprocess.h"
#include "server/handlers/subprocess.h"
#include "server/log/log.h"
#include "server/model/limit_spec.h"
#include "server/model/pipeline_spec.h"
#include "server/model/queue_settings.h"
#include "server/model/schedule.h"

namespace sluice::config {

// The number of cores, at least 2 and at most limits::kMaxThreads.
[[nodiscard]] std::uint32_t default_threads();

inline constexpr const char* kDefaultListen = "127.0.0.1:7410";
inline constexpr const char* kDefaultAdmin = "127.0.0.1:7411";

// The admin endpoint. docs/admin.md says what it does.
struct AdminSettings {
  std::string listen = kDefaultAdmin;  // host:port; port 0 = any; empty: there is none
  bool actions = true;
  std::string token;  // empty: none is asked for
  std::vector<std::string> allowed_hosts;
};

using HandlerSpec = std::variant<handlers::SubprocessSpec, handlers::CoprocessSpec>;

// docs/configuration.md says what each means.
struct Settings {
  std::string listen = kDefaultListen;  // host:port; port 0 = any
  AdminSettings admin;
  log::Options log;
  // Empty: nothing is kept, everything is in memory. load() fills in a place where none was said.
  std::filesystem::path data;
  std::size_t data_max_bytes = limits::kDefaultStoreBytes;
  std::size_t payload_memory_bytes = limits::kDefaultPayloadMemoryBytes;
  base::Duration drain_timeout = limits::kDefaultDrainTimeout;
  base::Duration keepalive = limits::kDefaultKeepalive;
  std::uint32_t threads = default_threads();
  std::map<std::string, HandlerSpec> handlers;
  std::vector<model::QueueSpec> queues;
  std::vector<model::LimitSpec> limits;
  std::vector<model::PipelineSpec> pipelines;
  std::vector<model::ScheduleSpec> schedules;
  std::optional<base::Duration> debug_slow_reactions;  // none: off
};

}  // namespace sluice::config
