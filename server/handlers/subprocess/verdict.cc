#include "server/handlers/subprocess/verdict.h"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/handlers/utf8.h"

namespace sluice::handlers {
namespace {

// What a shell exits with when SIGPIPE ended its last command.
constexpr std::int32_t kShellBrokenPipe = 128 + SIGPIPE;

// "convert", or in a chain "command 2 of 3 (convert)".
std::string name_of(const Plan& plan, std::size_t command) {
  const auto& commands = plan.commands();
  if (commands.size() == 1) return commands[command].program.name();
  return fmt::format("command {} of {} ({})", command + 1, commands.size(), commands[command].program.name());
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

std::string_view hint(const SubprocessSpec& spec, const CommandEnd& end, std::size_t command) {
  if (is_broken_pipe(end) && command + 1 < spec.commands.size()) return ": its reader ended before it had read everything";
  return hint_at(end);
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
  error.failure.message = fmt::format("{} did not end within {} and was {}", name_of(plan, which), in_words(*spec.timeout),
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

Error not_spawned(const Plan& plan, const ChainEnd& end) {
  const CommandPlan& command = plan.commands()[end.spawn_failure];
  Error error;
  error.failure.reason = model::failure_reason::kSpawnFailed;
  error.failure.message =
      why_not_started(command.program, name_of(plan, end.spawn_failure), plan.surroundings(), end.spawn_error);
  return error;
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
