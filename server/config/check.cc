#include "server/config/check.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "proto/yaml/nearest.h"
#include "server/base/errors.h"
#include "server/config/address.h"
#include "server/config/admin.h"
#include "server/config/handlers.h"
#include "server/engine/engine.h"
#include "server/wire/spec.h"

namespace sluice::config {
namespace {

using base::Reason;
using wire::DurationRange;
using wire::Field;

constexpr DurationRange kDrainTimeouts{base::Duration{0}, limits::kMaxDrainTimeout};
constexpr DurationRange kKeepalives{limits::kMinKeepalive, limits::kMaxKeepalive};
constexpr DurationRange kSlowReactions{limits::kMinSlowReaction, limits::kMaxSlowReaction};

class Checker {
 public:
  Checker(const v1::ServerConfig& config, const handlers::Registry& registered, Complaints& complaints)
      : config_(config), registered_(registered), complaints_(complaints) {}

  Settings run(const std::filesystem::path& directory) {
    check_listen();
    settings_.admin = check_admin(config_.admin(), directory, complaints_);
    check_log();
    check_data();
    check_numbers();
    check_handlers(directory);
    check_queues();
    check_limits();
    check_pipelines();
    check_schedules();
    if (complaints_.empty()) rehearse();
    return std::move(settings_);
  }

 private:
  void check_listen() {
    if (config_.listen().empty()) return;
    settings_.listen = config_.listen();
    if (is_host_and_port(settings_.listen)) return;
    complaints_.add("listen", fmt::format("{} is not HOST:PORT; write it as in {}, or [::1]:7410",
                                          yaml::in_quotes(settings_.listen), kDefaultListen));
  }

  void check_log() {
    const auto& log = config_.log();
    if (!log.level().empty()) {
      if (const auto level = log::level_named(log.level())) {
        settings_.log.level = *level;
      } else {
        complaints_.add("log.level",
                        fmt::format("{} is no level; debug, info, warn and error are", yaml::in_quotes(log.level())));
      }
    }
    if (!log.format().empty()) {
      if (const auto format = log::format_named(log.format())) {
        settings_.log.format = *format;
      } else {
        complaints_.add("log.format", fmt::format("{} is no format; auto, text and json are", yaml::in_quotes(log.format())));
      }
    }
  }

  void check_data() {
    if (config_.data() != "none") settings_.data = config_.data();
    check_bytes("data_max_bytes", config_.data_max_bytes(), limits::kMinStoreBytes, limits::kMaxStoreBytes,
                settings_.data_max_bytes);
    check_bytes("payload_memory_bytes", config_.payload_memory_bytes(), limits::kMinPayloadMemoryBytes,
                limits::kMaxPayloadMemoryBytes, settings_.payload_memory_bytes);
  }

  // 0: not said.
  void check_bytes(const char* path, std::uint64_t bytes, std::size_t least, std::size_t most, std::size_t& setting) {
    if (bytes == 0) return;
    setting = bytes;
    if (bytes >= least && bytes <= most) return;
    complaints_.add(path, fmt::format("{} is out of its range, {} to {}", bytes, least, most));
  }

  void check_numbers() {
    const Field root;
    wire::Reader drain;
    if (config_.has_drain_timeout()) {
      settings_.drain_timeout = drain.duration({root, "drain_timeout"}, config_.drain_timeout(), kDrainTimeouts);
    }
    complaints_.add(drain.status(), "drain_timeout");
    wire::Reader keepalive;
    if (config_.has_keepalive()) {
      settings_.keepalive = keepalive.duration({root, "keepalive"}, config_.keepalive(), kKeepalives);
    }
    complaints_.add(keepalive.status(), "keepalive");
    wire::Reader threads;
    settings_.threads = threads.count_or({root, "threads"}, config_.threads(), default_threads(), limits::kMaxThreads);
    complaints_.add(threads.status(), "threads");
    wire::Reader slow;
    if (config_.has_debug_slow_reactions()) {
      settings_.debug_slow_reactions =
          slow.duration({root, "debug_slow_reactions"}, config_.debug_slow_reactions(), kSlowReactions);
    }
    complaints_.add(slow.status(), "debug_slow_reactions");
  }

  void check_handlers(const std::filesystem::path& directory) {
    const Field root;
    const Field around(root, "handlers");
    for (const auto& [name, config] : config_.handlers()) {
      const Field at(around, name);
      wire::Reader reader;
      if (reader.new_name(at, name); reader.ok() && registered_.find(name) != nullptr) {
        reader.complain(Reason::kInvalidValue, at, "is the name of a handler that sluiced has already; choose another");
      }
      complaints_.add(reader.status(), at.text());
      auto spec = handler_spec(config, at, directory);
      complaints_.add(spec.status(), at.text());
      // Also a bad one: stages that name it are not wrong.
      settings_.handlers.emplace(name, spec.ok() ? *std::move(spec) : HandlerSpec{});
    }
  }

  void check_queues() {
    const Field root;
    for (int i = 0; i < config_.queues_size(); ++i) {
      const Field at(root, "queues", static_cast<std::size_t>(i));
      auto queue = wire::queue_spec(config_.queues(i), at);
      complaints_.add(queue.status(), at.text());
      if (queue.ok()) settings_.queues.push_back(*std::move(queue));
    }
  }

  void check_limits() {
    const Field root;
    for (int i = 0; i < config_.limits_size(); ++i) {
      const Field at(root, "limits", static_cast<std::size_t>(i));
      auto limit = wire::limit_spec(config_.limits(i), at);
      complaints_.add(limit.status(), at.text());
      if (limit.ok()) settings_.limits.push_back(*std::move(limit));
    }
  }

  void check_pipelines() {
    const Field root;
    for (int i = 0; i < config_.pipelines_size(); ++i) {
      const Field at(root, "pipelines", static_cast<std::size_t>(i));
      const auto& config = config_.pipelines(i);
      auto pipeline = wire::pipeline_spec(config, at);
      complaints_.add(pipeline.status(), at.text());
      for (int s = 0; s < config.stages_size(); ++s) {
        check_handler_exists(Field(at, "stages", static_cast<std::size_t>(s)), config.stages(s).handler());
      }
      if (pipeline.ok()) settings_.pipelines.push_back(*std::move(pipeline));
    }
  }

  void check_schedules() {
    const Field root;
    for (int i = 0; i < config_.schedules_size(); ++i) {
      const Field at(root, "schedules", static_cast<std::size_t>(i));
      auto schedule = wire::schedule_spec(config_.schedules(i), at);
      complaints_.add(schedule.status(), at.text());
      if (schedule.ok()) settings_.schedules.push_back(*std::move(schedule));
    }
  }

  void check_handler_exists(const Field& stage, const std::string& name) {
    if (name.empty() || settings_.handlers.contains(name) || registered_.find(name) != nullptr) return;
    std::vector<std::string> known;
    for (const auto& [handler, spec] : settings_.handlers) known.push_back(handler);
    for (const auto& [handler, object] : registered_.all()) known.push_back(handler);
    complaints_.add(Field(stage, "handler").text(),
                    fmt::format("no handler is called {}; {}", yaml::in_quotes(name), yaml::suggestion(name, known)));
  }

  // The engine is a pure state machine: creating everything in one that is thrown away finds what only shows together.
  void rehearse() {
    engine::Engine engine({});
    engine::Effects effects;
    const base::Time now{};
    for (std::size_t i = 0; i < settings_.queues.size(); ++i) {
      complaints_.add(engine.create_queue(now, settings_.queues[i], false, effects), fmt::format("queues[{}]", i));
    }
    for (std::size_t i = 0; i < settings_.limits.size(); ++i) {
      complaints_.add(engine.create_limit(now, settings_.limits[i], effects), fmt::format("limits[{}]", i));
    }
    for (std::size_t i = 0; i < settings_.pipelines.size(); ++i) {
      complaints_.add(engine.create_pipeline(now, settings_.pipelines[i], effects), fmt::format("pipelines[{}]", i));
    }
    for (std::size_t i = 0; i < settings_.schedules.size(); ++i) {
      complaints_.add(engine.create_schedule(now, settings_.schedules[i], effects), fmt::format("schedules[{}]", i));
    }
  }

  const v1::ServerConfig& config_;
  const handlers::Registry& registered_;
  Complaints& complaints_;
  Settings settings_;
};

}  // namespace

std::uint32_t default_threads() { return std::clamp(std::thread::hardware_concurrency(), 2U, limits::kMaxThreads); }

Settings check(const v1::ServerConfig& config, const handlers::Registry& registered, const std::filesystem::path& directory,
               Complaints& complaints) {
  return Checker(config, registered, complaints).run(directory);
}

}  // namespace sluice::config
