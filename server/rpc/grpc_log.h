// What gRPC itself has to say.
#pragma once

namespace sluice::rpc {

// From now on gRPC's own messages go to the server's log: its errors, which are mostly other people's, as warnings, the rest,
// which GRPC_VERBOSITY asks for, as debugging. For the whole process; may be called again.
void log_what_grpc_says();

}  // namespace sluice::rpc
