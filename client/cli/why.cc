// Why a pipeline does not move: the server's diagnosis, and what to do about it.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

// How the pipeline is, in one word.
std::string_view state_of(const v1::Pipeline& pipeline) {
  if (pipeline.stalls_size() > 0) return "stalled";
  if (pipeline.finished()) return "finished";
  return pipeline.unfinished() == 0 ? "idle" : "moving";
}

// Of the stage that reads the queue; "STAGE" if none does.
std::string reader_of(const v1::Pipeline& pipeline, const std::string& queue) {
  for (const v1::Stage& stage : pipeline.stages()) {
    if (stage.spec().input() == queue) return stage.spec().name();
  }
  return "STAGE";
}

std::string advice(const v1::Pipeline& pipeline, const v1::Stall& stall) {
  const std::string& reason = stall.reason();
  const std::string& queue = stall.queue();
  const std::string stage = reader_of(pipeline, queue);
  if (reason == "OUTPUT_FULL_WITHOUT_CONSUMER") {
    return fmt::format(
        "fetch what is in it: sluice get {0} -n 100 --done; or make it unbounded: sluice update {0} --capacity 0", queue);
  }
  if (reason == "NO_CONSUMER") return fmt::format("start a worker: sluice work {} -- COMMAND", queue);
  if (reason == "NO_WORKER")
    return fmt::format("attach a worker: sluice work --stage {}/{} -- COMMAND", pipeline.name(), stage);
  if (reason == "QUEUE_PAUSED") return fmt::format("sluice resume {}", queue);
  if (reason == "STAGE_PAUSED") return fmt::format("sluice stage resume {} {}", pipeline.name(), stage);
  if (reason == "STAGE_WITHOUT_WORKERS") {
    return fmt::format("sluice stage scale {} {} 1, or attach a worker: sluice work --stage {}/{} -- COMMAND", pipeline.name(),
                       stage, pipeline.name(), stage);
  }
  if (reason == "WAITS_FOR_WORKERS") {
    return fmt::format("sluice stage scale {0} {1} N, or attach workers: sluice work --stage {0}/{1} -- COMMAND",
                       pipeline.name(), stage);
  }
  if (reason == "LIMIT_EXHAUSTED") return "see who uses it: sluice limit ls; raise it: sluice limit update NAME --at-once N";
  if (reason == "ORDER_KEY_HELD") {
    return fmt::format("see who holds it and how far that is: sluice peek {0}; or take it back: sluice cancel {0} ITEM", queue);
  }
  if (reason == "CYCLE_FULL") return fmt::format("make room: sluice update {} --capacity 0", queue);
  if (reason == "ALL_DELAYED") return fmt::format("wait, or see what failed before: sluice peek {}", queue);
  return "see docs/stalls.md";
}

// Where what is unfinished is, for a pipeline that nothing holds up.
std::string whereabouts(const v1::Pipeline& pipeline) {
  std::string text;
  for (const v1::Stage& stage : pipeline.stages()) {
    const std::uint64_t held = stage.busy_workers() + stage.remote_items();
    if (held > 0) text += fmt::format("  stage \"{}\" works on {}\n", stage.spec().name(), items_text(held));
  }
  return text;
}

std::string words(const v1::Pipeline& pipeline) {
  const std::string name = fmt::format("pipeline \"{}\"", pipeline.name());
  const std::string_view state = state_of(pipeline);
  if (state == "finished") return name + " is finished\n";
  if (state == "idle") {
    return fmt::format("{} has nothing to do; it ends when it is closed: sluice pipeline close {}\n", name, pipeline.name());
  }
  if (state == "moving") {
    return fmt::format("nothing holds {} up; {} unfinished\n{}", name, items_text(pipeline.unfinished()),
                       whereabouts(pipeline));
  }
  std::string text = fmt::format("{} does not move; {} unfinished\n", name, items_text(pipeline.unfinished()));
  for (const v1::Stall& stall : pipeline.stalls()) {
    text += fmt::format("  {}: {}\n    {}\n", stall.reason(), stall.message(), advice(pipeline, stall));
  }
  return text;
}

nlohmann::json as_json(const v1::Pipeline& pipeline) {
  nlohmann::json stalls = nlohmann::json::array();
  for (const v1::Stall& stall : pipeline.stalls()) {
    stalls.push_back({{"reason", stall.reason()},
                      {"queue", stall.queue()},
                      {"message", stall.message()},
                      {"advice", advice(pipeline, stall)}});
  }
  return {{"pipeline", pipeline.name()},
          {"state", state_of(pipeline)},
          {"unfinished", std::to_string(pipeline.unfinished())},
          {"stalls", stalls}};
}

}  // namespace

int why(Session& session, const NameArguments& arguments) {
  v1::GetPipelineRequest request;
  request.set_pipeline(arguments.name);
  const v1::Pipeline pipeline = session.call(request).pipeline();
  print(session.json() ? as_json(pipeline).dump(2) + "\n" : words(pipeline));
  return pipeline.stalls_size() > 0 ? kStalled : kOk;
}

}  // namespace sluice::cli
