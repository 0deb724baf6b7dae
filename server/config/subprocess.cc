#include "server/config/subprocess.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "server/base/limits.h"

namespace sluice::config {
namespace {

using base::Reason;
using wire::DurationRange;
using wire::Field;

constexpr DurationRange kTimeouts{limits::kMinHandlerTimeout, limits::kMaxHandlerTimeout};
constexpr DurationRange kGraces{base::Duration{0}, limits::kMaxGrace};
constexpr DurationRange kCpuTimes{base::Duration{0}, limits::kMaxHandlerTimeout};

template <class Number>
std::optional<std::uint64_t> unless_zero(Number number) {
  return number == 0 ? std::nullopt : std::optional<std::uint64_t>(number);
}

handlers::ResourceLimits resource_limits(wire::Reader& reader, const Field& at, const v1::ResourceLimits& config) {
  handlers::ResourceLimits limits;
  if (config.has_cpu_time()) {
    const auto time = reader.duration({at, "cpu_time"}, config.cpu_time(), kCpuTimes);
    if (time > base::Duration{0}) limits.cpu_time = time;
  }
  limits.address_space_bytes = unless_zero(config.address_space_bytes());
  limits.open_files = unless_zero(config.open_files());
  limits.file_size_bytes = unless_zero(config.file_size_bytes());
  limits.processes = unless_zero(config.processes());
  limits.core_bytes = config.core_bytes();
  return limits;
}

handlers::SubprocessSpec read(wire::Reader& reader, const Field& at, const v1::SubprocessConfig& config) {
  handlers::SubprocessSpec spec;
  for (const auto& command : config.commands()) {
    spec.commands.push_back({{command.argv().begin(), command.argv().end()}, command.shell()});
  }
  if (config.has_timeout()) spec.timeout = reader.duration({at, "timeout"}, config.timeout(), kTimeouts);
  if (config.has_grace()) spec.grace = reader.duration({at, "grace"}, config.grace(), kGraces);
  if (config.max_output_bytes() != 0) {
    spec.max_output_bytes =
        reader.number({at, "max_output_bytes"}, std::uint64_t{config.max_output_bytes()}, 1, limits::kMaxPayloadBytes);
  }
  if (!config.inherit_env().empty()) spec.inherit_env = {config.inherit_env().begin(), config.inherit_env().end()};
  spec.env = {config.env().begin(), config.env().end()};
  spec.do_not_retry_exit_codes = {config.do_not_retry_exit_codes().begin(), config.do_not_retry_exit_codes().end()};
  spec.limits = resource_limits(reader, {at, "limits"}, config.limits());
  return spec;
}

// "commands[1].argv: is empty" -> the same with the way to the handler in front.
absl::Status placed(const absl::Status& status, const Field& at) {
  const std::string message(status.message());
  const auto colon = message.find(": ");
  wire::Reader reader;
  reader.complain(Reason::kInvalidValue, colon == std::string::npos ? at : Field(at, message.substr(0, colon)),
                  colon == std::string::npos ? message : message.substr(colon + 2));
  return reader.status();
}

}  // namespace

absl::StatusOr<handlers::SubprocessSpec> subprocess_spec(const v1::HandlerConfig& config, const Field& at,
                                                         const std::filesystem::path& directory) {
  wire::Reader reader;
  if (!config.has_subprocess()) {
    reader.complain(Reason::kInvalidValue, at, "says not what to run; give it a \"subprocess\" with its \"commands\"");
    return reader.status();
  }
  const Field inner(at, "subprocess");
  auto spec = read(reader, inner, config.subprocess());
  if (!reader.ok()) return reader.status();
  spec.description = config.description();
  const auto& working_directory = config.subprocess().working_directory();
  if (!working_directory.empty()) spec.working_directory = (directory / working_directory).lexically_normal().string();
  if (const auto handler = handlers::make_subprocess(spec); !handler.ok()) return placed(handler.status(), inner);
  return spec;
}

}  // namespace sluice::config
