#include "server/handlers/process/ending.h"

#include <cstring>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace sluice::handlers {
namespace {

std::string signal_name(std::int32_t signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

}  // namespace

void record(const siginfo_t& info, CommandEnd& end) {
  if (info.si_pid == 0) {
    end.is_lost = true;
  } else if (info.si_code == CLD_EXITED) {
    end.exit_code = info.si_status;
  } else {
    end.signal = info.si_status;
  }
}

std::string how_it_ended(const CommandEnd& end) {
  if (end.is_lost)
    return "ended, but its exit code went to other code of this process that waits for children or ignores SIGCHLD";
  return end.exit_code ? fmt::format("exited with code {}", *end.exit_code) : "was ended by " + signal_name(*end.signal);
}

std::string_view hint_at(const CommandEnd& end) {
  if (end.signal == SIGKILL) return "; not by sluiced: perhaps memory ran out";
  if (end.signal == SIGXCPU) return "; see limits.cpu_time";
  if (end.signal == SIGXFSZ) return "; see limits.file_size_bytes";
  return "";
}

std::string why_not_started(const Program& program, std::string_view name, const Surroundings& surroundings,
                            const SpawnError& error) {
  const auto reason = std::generic_category().message(error.error_number);
  switch (error.step) {
    case SpawnStep::kProgram:
      if (error.error_number == ENOENT) return fmt::format("cannot start {}: {}", name, program.not_found());
      if (error.error_number == ENOEXEC) {
        return fmt::format("cannot start {}: {}; does a script lack its #! line?", name, reason);
      }
      return fmt::format("cannot start {}: {}", name, reason);
    case SpawnStep::kDirectory:
      return fmt::format("cannot start {} in {}: {}", name, surroundings.directory(), reason);
    case SpawnStep::kLimits:
      return fmt::format("cannot set the resource limits of {}: {}", name, reason);
    case SpawnStep::kGroup:
      return fmt::format("cannot put {} into its process group: {}", name, reason);
    case SpawnStep::kPrepare:
    case SpawnStep::kClone:
    case SpawnStep::kDescriptors:
      break;
  }
  return fmt::format("cannot start a process for {}: {}", name, reason);
}

std::string in_words(base::Duration duration) {
  const auto count = duration.count();
  if (count % 1'000'000 == 0) return fmt::format("{} s", count / 1'000'000);
  if (count >= 1'000'000) return fmt::format("{:.3f} s", static_cast<double>(count) / 1e6);
  return fmt::format("{} ms", static_cast<double>(count) / 1e3);
}

std::string last_line(std::string_view text) {
  constexpr std::size_t kMaxBytes = 200;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  text.remove_prefix(std::min(text.size(), text.rfind('\n') + 1));
  return text.size() > kMaxBytes ? std::string() : std::string(text);
}

}  // namespace sluice::handlers
