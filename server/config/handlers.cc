#include "server/config/handlers.h"

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

handlers::CommandSpec command(const google::protobuf::RepeatedPtrField<std::string>& argv, const std::string& shell) {
  return {{argv.begin(), argv.end()}, shell};
}

// What the messages of all handlers with children have. Field by field, because messages have no base.
template <class Config>
void read_common(wire::Reader& reader, const Field& at, const Config& config, const std::filesystem::path& directory,
                 handlers::ChildrenSpec& spec) {
  if (config.has_timeout()) spec.timeout = reader.duration({at, "timeout"}, config.timeout(), kTimeouts);
  if (config.has_grace()) spec.grace = reader.duration({at, "grace"}, config.grace(), kGraces);
  if (config.max_output_bytes() != 0) {
    spec.max_output_bytes =
        reader.number({at, "max_output_bytes"}, std::uint64_t{config.max_output_bytes()}, 1, limits::kMaxPayloadBytes);
  }
  if (!config.inherit_env().empty()) spec.inherit_env = {config.inherit_env().begin(), config.inherit_env().end()};
  spec.env = {config.env().begin(), config.env().end()};
  spec.limits = resource_limits(reader, {at, "limits"}, config.limits());
  if (!config.working_directory().empty()) {
    spec.working_directory = (directory / config.working_directory()).lexically_normal().string();
  }
}

handlers::SubprocessSpec read(wire::Reader& reader, const Field& at, const v1::SubprocessConfig& config,
                              const std::filesystem::path& directory) {
  handlers::SubprocessSpec spec;
  read_common(reader, at, config, directory, spec);
  for (const auto& each : config.commands()) spec.commands.push_back(command(each.argv(), each.shell()));
  spec.do_not_retry_exit_codes = {config.do_not_retry_exit_codes().begin(), config.do_not_retry_exit_codes().end()};
  return spec;
}

handlers::CoprocessSpec read(wire::Reader& reader, const Field& at, const v1::CoprocessConfig& config,
                             const std::filesystem::path& directory) {
  handlers::CoprocessSpec spec;
  read_common(reader, at, config, directory, spec);
  spec.command = command(config.argv(), config.shell());
  if (config.protocol() == v1::COPROCESS_PROTOCOL_LINES) spec.protocol = handlers::CoprocessProtocol::kLines;
  spec.processes = reader.count_or({at, "processes"}, config.processes(), 1, limits::kMaxCoprocesses);
  spec.in_flight = reader.count_or({at, "in_flight"}, config.in_flight(), 1, limits::kMaxCoprocessInFlight);
  spec.max_items = config.max_items();
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

// `make` finds what is wrong with it as a whole.
template <class Config, class Make>
absl::StatusOr<HandlerSpec> checked(const Config& config, const std::string& description, const Field& at,
                                    const std::filesystem::path& directory, Make make) {
  wire::Reader reader;
  auto spec = read(reader, at, config, directory);
  if (!reader.ok()) return reader.status();
  spec.description = description;
  if (const auto handler = make(spec); !handler.ok()) return placed(handler.status(), at);
  return HandlerSpec(std::move(spec));
}

}  // namespace

absl::StatusOr<HandlerSpec> handler_spec(const v1::HandlerConfig& config, const Field& at,
                                         const std::filesystem::path& directory) {
  switch (config.kind_case()) {
    case v1::HandlerConfig::kSubprocess:
      return checked(config.subprocess(), config.description(), Field(at, "subprocess"), directory, handlers::make_subprocess);
    case v1::HandlerConfig::kCoprocess:
      return checked(config.coprocess(), config.description(), Field(at, "coprocess"), directory, handlers::make_coprocess);
    case v1::HandlerConfig::KIND_NOT_SET:
      break;
  }
  wire::Reader reader;
  reader.complain(Reason::kInvalidValue, at,
                  "says not what to run; give it a \"subprocess\" with its \"commands\", or a \"coprocess\"");
  return reader.status();
}

std::vector<std::string> warnings(const HandlerSpec& spec) {
  if (const auto* subprocess = std::get_if<handlers::SubprocessSpec>(&spec)) return handlers::subprocess_warnings(*subprocess);
  return handlers::coprocess_warnings(std::get<handlers::CoprocessSpec>(spec));
}

absl::StatusOr<std::shared_ptr<handlers::Handler>> make_handler(const HandlerSpec& spec) {
  if (const auto* subprocess = std::get_if<handlers::SubprocessSpec>(&spec)) return handlers::make_subprocess(*subprocess);
  return handlers::make_coprocess(std::get<handlers::CoprocessSpec>(spec));
}

}  // namespace sluice::config
