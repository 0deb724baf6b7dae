#include "server/log/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include "server/log/line.h"
#include "server/log/rate_limit.h"

namespace sluice::log {
namespace {

constexpr std::array<std::pair<std::string_view, Level>, 4> kLevels = {
    {{"debug", Level::kDebug}, {"info", Level::kInfo}, {"warn", Level::kWarn}, {"error", Level::kError}}};
constexpr std::array<std::pair<std::string_view, Format>, 3> kFormats = {
    {{"auto", Format::kAuto}, {"text", Format::kText}, {"json", Format::kJson}}};

constexpr spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// The level by our own name for it ("warn", not "warning"), padded in text so that messages stand below each other.
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  explicit LevelFlag(bool padded) : padded_(padded) {}

  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const auto& [name, level] : kLevels) {
      if (to_spdlog(level) == message.level) fmt::format_to(std::back_inserter(out), "{:<{}}", name, padded_ ? 5 : 0);
    }
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<LevelFlag>(padded_);
  }

 private:
  bool padded_;
};

class Log {
 public:
  Log() { start({}); }

  void start(const Options& options) {
    const std::lock_guard lock(mutex_);
    json_ = options.format == Format::kJson || (options.format == Format::kAuto && ::isatty(STDERR_FILENO) == 0);
    level_ = options.level;
    auto time = json_ ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local;
    auto formatter = std::make_unique<spdlog::pattern_formatter>(time);
    formatter->add_flag<LevelFlag>('*', !json_);
    formatter->set_pattern(json_ ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%*",%v})" : "%Y-%m-%d %H:%M:%S.%e %^%*%$ %v");
    logger_.set_formatter(std::move(formatter));
    logger_.set_level(to_spdlog(options.level));
  }

  void set_level(Level level) {
    const std::lock_guard lock(mutex_);
    level_ = level;
    logger_.set_level(to_spdlog(level));
  }

  [[nodiscard]] Level level() const { return level_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }

  void write(Level level, std::string_view message, Fields fields) {
    const std::lock_guard lock(mutex_);
    const auto suppressed = limit_.admit(message, std::chrono::steady_clock::now());
    if (!suppressed) return;
    const std::string line = json_ ? json_members(message, fields, *suppressed) : text_line(message, fields, *suppressed);
    logger_.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  std::atomic<Level> level_{Level::kInfo};
  std::mutex mutex_;  // what follows
  bool json_ = false;
  RateLimit limit_{kBurst, kWindow};
  // The sink's own lock is never contended: ours is held.
  spdlog::logger logger_{"sluiced", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>()};
};

// Never destroyed: threads may log until the process is gone.
Log& the_log() {
  static Log& log = *new Log;
  return log;
}

template <class Table>
auto named(const Table& table, std::string_view name) -> std::optional<typename Table::value_type::second_type> {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace

// JSON has no word for infinity; such a field is written as text.
Field::Field(std::string_view k, double v) : key(k), value(fmt::format("{:.6g}", v)), quoted(!std::isfinite(v)) {}

void start(const Options& options) { the_log().start(options); }

void set_level(Level level) { the_log().set_level(level); }

Level level() { return the_log().level(); }

bool enabled(Level level) { return the_log().enabled(level); }

void write(Level level, std::string_view message, Fields fields) {
  if (enabled(level)) the_log().write(level, message, fields);
}

std::string_view name(Level level) {
  for (const auto& [word, known] : kLevels) {
    if (known == level) return word;
  }
  return "error";
}

std::optional<Level> level_named(std::string_view name) { return named(kLevels, name); }

std::optional<Format> format_named(std::string_view name) { return named(kFormats, name); }

}  // namespace sluice::log
