// Handlers that run child processes: the item's payload on standard input, the result from standard output, success by exit
// code 0.
//
// An item's commands are one process group. What is still alive in it when the item ends is killed: nothing outlives its item,
// nor the server, even if that is killed itself (docs/adr/0010-child-processes.md). A process that leaves the group on purpose
// (setsid) is on its own.
//
// The item ends when every command has exited and nobody holds standard output or standard error open any more. A process left
// in the background that keeps them open is given `grace`, then killed, and the exit codes decide. A command that succeeds
// without reading all of its input is fine.
//
// Meanwhile each command may say how far it is, in lines to the descriptor that SLUICE_PROGRESS_FD names
// (proto/progress/lines.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/children.h"
#include "server/handlers/handler.h"

namespace sluice::handlers {

// sluice.v1.SubprocessConfig with its defaults.
struct SubprocessSpec : ChildrenSpec {
  // 1 to limits::kMaxChainCommands, joined by pipes. Placeholders "{payload}", "{item_id}" and "{attr:KEY}" stand in arguments,
  // never in the program or in a script: no client says what is executed. Other braces are left as they are.
  std::vector<CommandSpec> commands;
  std::vector<std::uint32_t> do_not_retry_exit_codes;  // 1 to 255
};

// INVALID_VALUE if the spec cannot work whatever happens; the message begins with the field, as in "commands[1].argv: ...".
// Starts nothing. Environment and limits of this process are read now. If this process ignores SIGCHLD, that is undone.
//
// The handler's failures: EXIT_CODE, SIGNALED, TIMED_OUT, OUTPUT_TOO_LARGE, SPAWN_FAILED, BAD_ARGUMENT (never retried). Each
// has standard error's last 8 KiB, all commands together. Of a chain, exit code and signal are those of the first command that
// failed; one that died of SIGPIPE counts only if no other failed, because then it was its reader who failed it.
//
// run() may be called on any executor whose context runs on threads that live as long as the children should: the kernel kills
// a child when the thread that started it ends.
[[nodiscard]] absl::StatusOr<std::shared_ptr<Handler>> make_subprocess(SubprocessSpec spec);

// What looks wrong with this machine for a valid spec, one sentence each: a program that is not there, a working directory that
// is none. Empty if nothing. For the log at the start and for --check-config; files may still come and go.
[[nodiscard]] std::vector<std::string> subprocess_warnings(const SubprocessSpec& spec);

}  // namespace sluice::handlers
