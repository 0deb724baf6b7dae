// Handlers whose child processes stay alive and take many items, one after the other or several at a time, over standard input
// and output. docs/coprocess.md has the protocol.
//
// Each child is a process group of its own, as with subprocess.h: when it ends, what is left of its group is killed, and
// nothing outlives the server. Children are started when there is an item for them, and cost nothing while there is none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/children.h"
#include "server/handlers/handler.h"

namespace sluice::handlers {

enum class CoprocessProtocol { kFrames, kLines };

// sluice.v1.CoprocessConfig with its defaults.
struct CoprocessSpec : ChildrenSpec {
  CommandSpec command;  // no placeholders
  CoprocessProtocol protocol = CoprocessProtocol::kFrames;
  std::uint32_t processes = 1;  // 1 to limits::kMaxCoprocesses
  std::uint32_t in_flight = 1;  // of each child; 1 to limits::kMaxCoprocessInFlight
  std::uint32_t max_items = 0;  // that one child gets; 0: no limit
};

// INVALID_VALUE if the spec cannot work whatever happens; the message begins with the field, as in "processes: ...".
// Starts nothing. Environment and limits of this process are read now. If this process ignores SIGCHLD, that is undone.
//
// The handler's failures: those that a child answers with (FAILED), OUTPUT_TOO_LARGE, TIMED_OUT, SPAWN_FAILED, BAD_PAYLOAD
// (never retried), and for what a child had in hand when it ended EXIT_CODE, SIGNALED, BAD_FRAME or CHILD_ENDED, with the last
// 8 KiB of its standard error. An item is in hand from its first byte that goes to the child. Those that were not go to another
// child.
//
// run() may be called on executors of one boost::asio::io_context at a time, and of no other context. Its threads must live as
// long as the children should: the kernel kills a child when the thread that started it ends. Children that are alive are ended
// by end(), or killed and reaped with the context.
[[nodiscard]] absl::StatusOr<std::shared_ptr<Handler>> make_coprocess(CoprocessSpec spec);

// As subprocess_warnings().
[[nodiscard]] std::vector<std::string> coprocess_warnings(const CoprocessSpec& spec);

}  // namespace sluice::handlers
