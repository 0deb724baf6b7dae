// Handlers that need no configuration, for tests, demos and glue.
//
//   builtin.identity   the payload and attributes as they are
//   builtin.upper      the payload, a-z turned into A-Z
//   builtin.lines      one output a line (without its line feed); the last line may lack one
//   builtin.discard    no output
//   remote             runs nothing: what a stage has whose work is done by workers on other machines
//   builtin.sleep      waits without holding a thread, then as identity
//   builtin.block      blocks a thread of its own for as long, then as identity: what a careless native handler does
//   builtin.spin       holds the server's own thread for as long, up to 10 s: what no handler may do
//   builtin.fail       always fails: FAILED, with attribute "message" or the payload's first 200 bytes;
//                      final with attribute "do_not_retry" = "true"
//
// sleep, block and spin take their duration from the attribute "sleep", or else from the payload: "100ms", "1.5s", "2m".
// Neither is one: BAD_ARGUMENT, not retried.
#pragma once

#include "absl/status/status.h"
#include "server/handlers/registry.h"

namespace sluice::handlers {

// Fails as Registry::add().
absl::Status add_builtins(Registry& registry);

}  // namespace sluice::handlers
