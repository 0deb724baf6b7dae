#include "client/cli/target.h"

#include <fmt/format.h>

#include "client/src/raise.h"
#include "sluice/error.h"

namespace sluice::cli {
namespace {

template <class Request>
bool is_there(Session& session, const Request& request) {
  try {
    session.call(request);
    return true;
  } catch (const NotFound&) {
    return false;
  }
}

}  // namespace

bool is_pipeline(Session& session, const std::string& name, bool queue, bool pipeline) {
  if (pipeline || queue) return pipeline;
  v1::GetPipelineRequest as_pipeline;
  as_pipeline.set_pipeline(name);
  if (!is_there(session, as_pipeline)) return false;
  v1::GetQueueRequest as_queue;
  as_queue.set_queue(name);
  if (!is_there(session, as_queue)) return true;
  internal::raise(Code::kInvalidArgument, "AMBIGUOUS",
                  fmt::format("\"{}\" is a queue and a pipeline: say --queue or --pipeline", name));
}

}  // namespace sluice::cli
