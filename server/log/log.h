// The server's log: one line an event, on standard error.
//
//   log::warn("queue is stalled", {{"queue", name}, {"waiting", depth}});
//
// The message is a constant sentence without a final full stop; what varies stands in the fields, so that lines can be searched
// for, counted and rate-limited by their message. Keys are snake_case. Payloads, attribute values and environments are never
// logged: they are the users' own.
//
// Repeats are rate-limited: of one message at most kBurst lines in kWindow; the next line after that says in the field
// `suppressed` how many are missing.
//
// Thread-safe. Until start() is called, the log is as with default options. Writing is synchronous, so nothing is lost when the
// process dies.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };

enum class Format : std::uint8_t {
  kAuto,  // text if standard error is a terminal, JSON otherwise
  kText,  // 2026-03-01 12:00:00.123 info    stage finished  pipeline=photos stage=resize
  kJson,  // {"time":"2026-03-01T12:00:00.123Z","level":"info","message":"stage finished","pipeline":"photos","stage":"resize"}
};

struct Options {
  Level level = Level::kInfo;  // lines below it are left out
  Format format = Format::kAuto;
};

inline constexpr std::uint32_t kBurst = 10;
inline constexpr std::chrono::seconds kWindow{10};
// Longer values of a field are cut, and end with "...".
inline constexpr std::size_t kMaxValueBytes = 2048;

// The longest key is a few words; the value is text, a whole number, a fraction, a truth, or a time span in seconds.
struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v), quoted(true) {}
  Field(std::string_view k, const char* v) : Field(k, std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : Field(k, std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), quoted(false) {}
  Field(std::string_view k, double v);
  template <std::integral Number>
  Field(std::string_view k, Number v) : key(k), value(std::to_string(v)), quoted(false) {}
  // In seconds: give the key the suffix _s.
  Field(std::string_view k, std::chrono::microseconds v) : Field(k, std::chrono::duration<double>(v).count()) {}

  std::string_view key;
  std::string value;
  bool quoted;  // text, as opposed to what JSON writes without quotation marks
};

using Fields = std::initializer_list<Field>;

// May be called again; then the new options count.
void start(const Options& options);

// The level while the server runs; the rest of the options stays.
void set_level(Level level);
[[nodiscard]] Level level();

// Whether a line of this level would be written: ask before computing costly fields.
[[nodiscard]] bool enabled(Level level);

void write(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) { write(Level::kDebug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::kInfo, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::kWarn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::kError, message, fields); }

// "debug", "info", "warn", "error"; "auto", "text", "json". None for other words.
[[nodiscard]] std::string_view name(Level level);
[[nodiscard]] std::optional<Level> level_named(std::string_view name);
[[nodiscard]] std::optional<Format> format_named(std::string_view name);

}  // namespace sluice::log
