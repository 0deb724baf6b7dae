#include "server/handlers/subprocess/verdict.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/handlers/utf8.h"

namespace sluice::handlers {
namespace {

// What a shell exits with when SIGPIPE ended its last command.
constexpr std::int32_t kShellBrokenPipe = 128 + SIGPIPE;

std::string signal_name(std::int32_t signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string duration_text(base::Duration duration) {
  const auto count = duration.count();
  if (count % 1'000'000 == 0) return fmt::format("{} s", count / 1'000'000);
  if (count >= 1'000'000) return fmt::format("{:.3f} s", static_cast<double>(count) / 1e6);
  return fmt::format("{} ms", static_cast<double>(count) / 1e3);
}

// "convert", or in a chain "command 2 of 3 (convert)".
std::string name_of(const Plan& plan, std::size_t command) {
  const auto& commands = plan.commands();
  if (commands.size() == 1) return commands[command].name;
  return fmt::format("command {} of {} ({})", command + 1, commands.size(), commands[command].name);
}

bool is_broken_pipe(const CommandEnd& end) { return end.signal == SIGPIPE || end.exit_code == kShellBrokenPipe; }

// The command whose failure is taken for the cause of the others'; none if all succeeded. A failed writer makes its reader fail
// on what it did not get, so the first in the chain; but one that SIGPIPE ended was failed by its reader.
std::optional<std::size_t> cause(const std::vector<CommandEnd>& ends) {
  std::optional<std::size_t> broken_pipe;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (!ends[i].has_ended() || ends[i].is_success()) continue;
    if (!is_broken_pipe(ends[i])) return i;
    if (!broken_pipe) broken_pipe = i;
  }
  return broken_pipe;
}

// "exited with code 3", "was ended by SIGSEGV".
std::string how_it_ended(const CommandEnd& end) {
  if (end.is_lost)
    return "ended, but its exit code went to other code of this process that waits for children or ignores SIGCHLD";
  return end.exit_code ? fmt::format("exited with code {}", *end.exit_code) : "was ended by " + signal_name(*end.signal);
}

// The other commands of the chain that failed.
std::string others(const Plan& plan, const ChainEnd& end, std::size_t cause) {
  std::string text;
  for (std::size_t i = 0; i < end.commands.size(); ++i) {
    const CommandEnd& other = end.commands[i];
    if (i == cause || !other.has_ended() || other.is_success()) continue;
    text += fmt::format("; {} {}", name_of(plan, i), how_it_ended(other));
  }
  return text;
}

std::string hint(const SubprocessSpec& spec, const CommandEnd& end, std::size_t command) {
  if (end.signal == SIGKILL) return "; not by sluiced: perhaps memory ran out";
  if (end.signal == SIGXCPU) return "; see limits.cpu_time";
  if (end.signal == SIGXFSZ) return "; see limits.file_size_bytes";
  if (is_broken_pipe(end) && command + 1 < spec.commands.size()) return ": its reader ended before it had read everything";
  return "";
}

std::string last_line(std::string_view text) {
  constexpr std::size_t kMaxBytes = 200;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  text.remove_prefix(std::min(text.size(), text.rfind('\n') + 1));
  return text.size() > kMaxBytes ? std::string() : std::string(text);
}

Error failed(const Plan& plan, const ChainEnd& end, std::size_t command) {
  const CommandEnd& how = end.commands[command];
  Error error;
  error.failure.exit_code = how.exit_code;
  error.failure.signal = how.signal;
  error.failure.message = fmt::format("{} {}{}{}", name_of(plan, command), how_it_ended(how), hint(plan.spec(), how, command),
                                      others(plan, end, command));
  if (const auto line = last_line(end.stderr_tail); !line.empty()) error.failure.message += ": " + line;
  if (how.exit_code) error.failure.reason = model::failure_reason::kExitCode;
  if (how.signal) error.failure.reason = model::failure_reason::kSignaled;
  const auto& codes = plan.spec().do_not_retry_exit_codes;
  error.do_not_retry =
      how.exit_code && std::find(codes.begin(), codes.end(), static_cast<std::uint32_t>(*how.exit_code)) != codes.end();
  return error;
}

// Exit code and signal of a stopped chain: those of the first command that was still running.
void add_end(const ChainEnd& end, Error& error) {
  const auto told =
      std::find_if(end.commands.begin(), end.commands.end(), [](const auto& command) { return command.was_told; });
  if (told == end.commands.end()) return;
  error.failure.exit_code = told->exit_code;
  error.failure.signal = told->signal;
}

Error timed_out(const Plan& plan, const ChainEnd& end) {
  const SubprocessSpec& spec = plan.spec();
  const auto told = std::find_if(end.commands.begin(), end.commands.end(),
                                 [](const auto& command) { return command.was_told || !command.has_ended(); });
  const auto which = told == end.commands.end() ? 0 : static_cast<std::size_t>(told - end.commands.begin());
  Error error;
  error.failure.reason = model::failure_reason::kTimedOut;
  error.failure.message = fmt::format("{} did not end within {} and was {}", name_of(plan, which), duration_text(*spec.timeout),
                                      end.killed ? "killed, because SIGTERM did not end it" : "terminated");
  return error;
}

Error output_too_large(const Plan& plan) {
  Error error;
  error.failure.reason = model::failure_reason::kOutputTooLarge;
  error.failure.message =
      fmt::format("{} gave more output than max_output_bytes, {}; write large results elsewhere and hand on a reference",
                  name_of(plan, plan.commands().size() - 1), plan.spec().max_output_bytes);
  return error;
}

Error spawn_failed(std::string message) {
  Error error;
  error.failure.reason = model::failure_reason::kSpawnFailed;
  error.failure.message = std::move(message);
  return error;
}

Error not_spawned(const Plan& plan, const ChainEnd& end) {
  const CommandPlan& command = plan.commands()[end.spawn_failure];
  const auto reason = std::generic_category().message(end.spawn_error.error_number);
  const auto name = name_of(plan, end.spawn_failure);
  switch (end.spawn_error.step) {
    case SpawnStep::kProgram:
      if (end.spawn_error.error_number == ENOENT)
        return spawn_failed(fmt::format("cannot start {}: {}", name, command.not_found()));
      if (end.spawn_error.error_number == ENOEXEC) {
        return spawn_failed(fmt::format("cannot start {}: {}; does a script lack its #! line?", name, reason));
      }
      return spawn_failed(fmt::format("cannot start {}: {}", name, reason));
    case SpawnStep::kDirectory:
      return spawn_failed(fmt::format("cannot start {} in {}: {}", name, plan.spec().working_directory, reason));
    case SpawnStep::kLimits:
      return spawn_failed(fmt::format("cannot set the resource limits of {}: {}", name, reason));
    case SpawnStep::kGroup:
      return spawn_failed(fmt::format("cannot put {} into its process group: {}", name, reason));
    case SpawnStep::kPrepare:
    case SpawnStep::kClone:
    case SpawnStep::kDescriptors:
      break;
  }
  return spawn_failed(fmt::format("cannot start a process for {}: {}", name, reason));
}

Outcome decide(const Plan& plan, ChainEnd& end) {
  switch (end.stopped) {
    case Stopped::kTimedOut:
      return timed_out(plan, end);
    case Stopped::kOutputTooLarge:
      return output_too_large(plan);
    case Stopped::kSpawnFailed:
      return not_spawned(plan, end);
    case Stopped::kGivenUp: {
      Error error;
      error.failure.message = "given up: the server is going down";
      return error;
    }
    case Stopped::kNot:
      break;
  }
  if (const auto command = cause(end.commands)) return failed(plan, end, *command);
  std::vector<Output> outputs;
  outputs.push_back({.payload = std::move(end.output), .attributes = std::nullopt});
  return outputs;
}

}  // namespace

Outcome judge(const Plan& plan, ChainEnd end) {
  Outcome outcome = decide(plan, end);
  if (auto* error = std::get_if<Error>(&outcome)) {
    if (end.stopped != Stopped::kNot) add_end(end, *error);
    error->failure.stderr_tail = std::move(end.stderr_tail);
    error->failure.message = first_characters(repair_utf8(error->failure.message), limits::kMaxFailureMessageBytes);
  }
  return outcome;
}

}  // namespace sluice::handlers
