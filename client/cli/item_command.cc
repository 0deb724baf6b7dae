#include "client/cli/item_command.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "proto/trace/traceparent.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxFailureMessageBytes = 4096;

std::string variable_name(const std::string& key) {
  std::string name = "SLUICE_ATTR_";
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 && byte < 0x80U ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

std::string attribute(const CommandItem& item, std::string_view key) {
  const auto found = item.attributes.find(std::string(key));
  return found == item.attributes.end() ? std::string() : found->second;
}

// Empty if the item belongs to no trace.
std::string traceparent_of(const CommandItem& item) {
  std::string parent = attribute(item, trace::kTraceparent);
  return trace::is_traceparent(parent) ? parent : std::string();
}

std::vector<std::string> environment_of(const CommandItem& item) {
  std::vector<std::string> environment = {fmt::format("SLUICE_ITEM_ID={}", item.id),
                                          fmt::format("SLUICE_ATTEMPT={}", item.attempt),
                                          fmt::format("SLUICE_QUEUE={}", item.queue)};
  if (!item.stage.empty()) environment.push_back(fmt::format("SLUICE_STAGE={}", item.stage));
  for (const auto& [key, value] : item.attributes) {
    // An environment cannot hold a NUL byte.
    if (value.find('\0') == std::string::npos) environment.push_back(fmt::format("{}={}", variable_name(key), value));
  }
  if (const std::string parent = traceparent_of(item); !parent.empty()) {
    environment.push_back(fmt::format("{}={}", trace::kTraceparentVariable, parent));
    const std::string state = attribute(item, trace::kTracestate);
    if (!state.empty() && trace::is_tracestate(state)) {
      environment.push_back(fmt::format("{}={}", trace::kTracestateVariable, state));
    }
  }
  return environment;
}

}  // namespace

void prepare_for_commands() {
  // A child that does not read its input must not end this program.
  std::signal(SIGPIPE, SIG_IGN);
  // The commands belong to their items' traces, never to the one that this program was started in.
  unsetenv(trace::kTraceparentVariable.data());
  unsetenv(trace::kTracestateVariable.data());
}

ChildResult run_command(const CommandItem& item, const std::vector<std::string>& command, const std::stop_token& stop,
                        std::function<void(const progress::Line&)> on_progress) {
  ChildOrder order;
  order.argv = command;
  order.extra_environment = environment_of(item);
  order.input = item.payload;
  order.stop = stop;
  order.on_progress = std::move(on_progress);
  return run_child(order);
}

std::string name_of(const CommandItem& item) {
  const std::string parent = traceparent_of(item);
  if (parent.empty()) return fmt::format("item {}", item.id);
  return fmt::format("item {} of trace {}", item.id, trace::trace_id_of(parent));
}

Failure failure_of(const ChildResult& result, const std::string& program) {
  Failure failure;
  failure.stderr_tail = result.stderr_tail;
  failure.exit_code = result.exit_code;
  failure.signal = result.signal;
  if (!result.spawn_error.empty()) {
    failure.reason = "SPAWN_FAILED";
    failure.message = fmt::format("cannot run {}: {}", program, result.spawn_error);
  } else if (result.output_too_large) {
    failure.reason = "OUTPUT_TOO_LARGE";
    failure.message = fmt::format("{} wrote more than an item may hold (4 MiB)", program);
  } else if (result.signal) {
    failure.reason = "SIGNALED";
    failure.message = fmt::format("{} was ended by signal {}", program, *result.signal);
  } else {
    failure.reason = "EXIT_CODE";
    failure.message = fmt::format("{} exited with code {}", program, result.exit_code.value_or(-1));
  }
  failure.message.resize(std::min(failure.message.size(), kMaxFailureMessageBytes));
  return failure;
}

}  // namespace sluice::cli
