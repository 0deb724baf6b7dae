// How children end, or do not begin, in words.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/handlers/process/program.h"
#include "server/handlers/process/spawn.h"

namespace sluice::handlers {

// How one command ended.
struct CommandEnd {
  std::optional<std::int32_t> exit_code;
  std::optional<std::int32_t> signal;
  bool is_lost = false;   // somebody else in this process took its exit status
  bool was_told = false;  // it ended after it had been told to

  // False: it was not started, or nothing could end it.
  [[nodiscard]] bool has_ended() const { return exit_code || signal || is_lost; }
  [[nodiscard]] bool is_success() const { return exit_code == 0; }
};

// Takes over what waitid(2) has told.
void record(const siginfo_t& info, CommandEnd& end);

// "exited with code 3", "was ended by SIGSEGV". Of one that has ended.
[[nodiscard]] std::string how_it_ended(const CommandEnd& end);
// What may be behind it, to stand right after that; empty if nothing comes to mind.
[[nodiscard]] std::string_view hint_at(const CommandEnd& end);
// Why no child runs `program`, which people know as `name`.
[[nodiscard]] std::string why_not_started(const Program& program, std::string_view name, const Surroundings& surroundings,
                                          const SpawnError& error);

// "2 s", "1.500 s", "100 ms".
[[nodiscard]] std::string in_words(base::Duration duration);
// The last line of what a child wrote to standard error, if it is short enough for a message; else empty.
[[nodiscard]] std::string last_line(std::string_view text);

}  // namespace sluice::handlers
