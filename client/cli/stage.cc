#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

template <class Request>
int change(Session& session, Request request, const StageArguments& arguments, const std::string& what) {
  request.set_pipeline(arguments.pipeline);
  request.set_stage(arguments.stage);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.stage());
  } else {
    print(fmt::format("stage \"{}\" of \"{}\" {}\n", arguments.stage, arguments.pipeline, what));
  }
  return kOk;
}

}  // namespace

int stage_scale(Session& session, const StageArguments& arguments) {
  v1::ScaleStageRequest request;
  request.set_workers(arguments.workers);
  return change(session, request, arguments, "has " + counted(arguments.workers, "worker"));
}

int stage_pause(Session& session, const StageArguments& arguments) {
  return change(session, v1::PauseStageRequest(), arguments, "is paused");
}

int stage_resume(Session& session, const StageArguments& arguments) {
  return change(session, v1::ResumeStageRequest(), arguments, "runs");
}

}  // namespace sluice::cli
