#include "server/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include "server/log/log.h"

namespace sluice::rpc {
namespace {

void write(gpr_log_func_args* said) {
  const auto level = said->severity == GPR_LOG_SEVERITY_ERROR ? log::Level::kWarn : log::Level::kDebug;
  log::write(level, "gRPC says", {{"text", said->message}, {"file", said->file}, {"line", said->line}});
}

}  // namespace

void log_what_grpc_says() { gpr_set_log_function(write); }

}  // namespace sluice::rpc
