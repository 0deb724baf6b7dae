#include <algorithm>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/item_progress.h"
#include "client/cli/output.h"
#include "client/cli/progress.h"
#include "client/cli/settings.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"
#include "proto/yaml/read.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kWorkerColumns = 40;

std::string state_text(const v1::Pipeline& pipeline) { return pipeline.finished() ? "finished" : "running"; }

std::string running_text(const v1::Pipeline& pipeline) {
  Table table({"STAGE", ">ITEM", ">ATTEMPT", "SINCE", ">PID", "WORKER", "PROGRESS"});
  bool any = false;
  for (const v1::Stage& stage : pipeline.stages()) {
    for (const v1::RunningItem& item : stage.running()) {
      table.add({stage.spec().name(), std::to_string(item.item_id()), std::to_string(item.attempt()),
                 time_text(internal::from_proto(item.start_time())), item.pid() == 0 ? "-" : std::to_string(item.pid()),
                 item.worker().empty() ? "-" : one_line(item.worker(), kWorkerColumns), progress_text(item.progress())});
      any = true;
    }
  }
  return any ? "\n" + table.text() : "";
}

std::string stages_text(const v1::Pipeline& pipeline) {
  Table table({"STAGE", "HANDLER", "INPUT", "OUTPUT", ">WORKERS", ">BUSY", ">REMOTE", ">WAITING", ">DONE", ">FAILED",
               ">RETRIED", "STATE"});
  const Progress progress = progress_of(pipeline);
  for (int i = 0; i < pipeline.stages_size(); ++i) {
    const v1::StageSpec& spec = pipeline.stages(i).spec();
    const StageProgress& stage = progress.stages.at(static_cast<std::size_t>(i));
    table.add({spec.name(), spec.handler(), spec.input(), spec.output().empty() ? "-" : spec.output(),
               count_text(stage.workers), count_text(stage.busy), count_text(pipeline.stages(i).remote_workers()),
               count_text(stage.waiting), count_text(stage.finished - std::min(stage.finished, stage.failed)),
               count_text(stage.failed), count_text(stage.retried), stage.state});
  }
  return table.text();
}

std::string pipeline_text(const v1::Pipeline& pipeline) {
  return fmt::format("pipeline {}: {}, {} unfinished; {}\n\n{}{}{}", pipeline.name(), state_text(pipeline),
                     items_text(pipeline.unfinished()), result_text(progress_of(pipeline)), stages_text(pipeline),
                     running_text(pipeline), stalls_text(pipeline.stalls()));
}

// What the server says of a field, with the place in the file where the field stands.
std::string with_place(const yaml::Reading& reading, const std::string& file, const Error& error) {
  const auto field = error.metadata().find("field");
  if (field == error.metadata().end()) return error.what();
  std::string path = field->second;
  if (path.starts_with("pipeline.")) path.erase(0, std::string_view("pipeline.").size());
  const yaml::Place place = reading.place_of(path);
  if (place.line == 0) return error.what();
  return fmt::format("{}:{}:{}: {}", file, place.line, place.column, error.what());
}

}  // namespace

int pipeline_create(Session& session, const PipelineCreateArguments& arguments) {
  v1::CreatePipelineRequest request;
  const yaml::Reading reading = yaml::read_file(arguments.file, *request.mutable_pipeline());
  if (!reading.ok()) {
    say(fmt::format("INVALID_FILE: {}", reading.text()));
    return kFailed;
  }
  try {
    const auto response = session.call(request);
    if (session.json()) {
      print_json(response.pipeline());
    } else {
      print(fmt::format("pipeline \"{}\" runs: {}\n", response.pipeline().name(),
                        counted(static_cast<std::uint64_t>(response.pipeline().stages_size()), "stage")));
    }
  } catch (const InvalidArgument& error) {
    say(fmt::format("{}: {}", error.reason(), with_place(reading, arguments.file, error)));
    return kFailed;
  }
  return kOk;
}

int pipeline_list(Session& session) {
  Table table({"PIPELINE", "STATE", ">STAGES", ">PUT", ">DONE", ">FAILED", ">UNFINISHED"});
  std::string stalls;
  v1::ListPipelinesRequest request;
  do {
    const auto response = session.call(request);
    for (const v1::Pipeline& pipeline : response.pipelines()) {
      if (session.json()) print_json_line(pipeline);
      const Progress progress = progress_of(pipeline);
      table.add({pipeline.name(), state_text(pipeline), std::to_string(pipeline.stages_size()), count_text(progress.put),
                 count_text(progress.done), count_text(progress.failed), count_text(pipeline.unfinished())});
      stalls += stalls_text(pipeline.stalls());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text() + stalls);
  return kOk;
}

int pipeline_show(Session& session, const NameArguments& arguments) {
  v1::GetPipelineRequest request;
  request.set_pipeline(arguments.name);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.pipeline());
  } else {
    print(pipeline_text(response.pipeline()));
  }
  return kOk;
}

int pipeline_close(Session& session, const CloseArguments& arguments) {
  v1::ClosePipelineRequest request;
  request.set_pipeline(arguments.name);
  request.set_immediate(arguments.immediate);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.pipeline());
  } else {
    print(fmt::format("pipeline \"{}\" is closed; {} unfinished\n", arguments.name,
                      items_text(response.pipeline().unfinished())));
  }
  return kOk;
}

int pipeline_remove(Session& session, const RemoveArguments& arguments) {
  v1::DeletePipelineRequest request;
  request.set_pipeline(arguments.name);
  request.set_force(arguments.force);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response);
  } else {
    print(fmt::format("pipeline \"{}\" is deleted; {} discarded\n", arguments.name, items_text(response.discarded())));
  }
  return kOk;
}

}  // namespace sluice::cli
