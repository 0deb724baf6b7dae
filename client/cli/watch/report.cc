#include "client/cli/watch/report.h"

#include <cmath>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>
#include <nlohmann/json.hpp>

#include "client/cli/settings.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

using json = nlohmann::ordered_json;

std::string rate(const Rate& rate) {
  if (!rate) return "-";
  return *rate < 99.95 ? fmt::format("{:.1f}", *rate) : count_text(static_cast<std::uint64_t>(std::llround(*rate)));
}

std::string oldest(const v1::Queue& queue) {
  return queue.has_oldest_age() ? clock_text(internal::from_proto(queue.oldest_age())) : "-";
}

std::string capacity(const v1::Queue& queue) {
  return queue.settings().capacity() == 0 ? "-" : count_text(queue.settings().capacity());
}

std::string state_name(v1::StageState state) {
  if (state == v1::STAGE_STATE_PAUSED) return "paused";
  return state == v1::STAGE_STATE_FINISHED ? "finished" : "running";
}

// Two digits behind the point are enough, and are all that two looks can tell.
json json_rate(const Rate& rate) { return rate ? json(std::round(*rate * 100) / 100) : json(nullptr); }

json json_stage(const StageActivity& stage) {
  return {{"pipeline", stage.pipeline},
          {"stage", stage.name},
          {"state", v1::StageState_Name(stage.state)},
          {"workers", stage.workers},
          {"busy_workers", stage.busy},
          {"done_per_second", json_rate(stage.done)},
          {"failed_per_second", json_rate(stage.failed)}};
}

json json_queue(const Activity& activity, const QueueActivity& of) {
  const v1::Queue& queue = of.queue;
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(activity.time.time_since_epoch()).count();
  json object = {
      {"time", google::protobuf::util::TimeUtil::ToString(google::protobuf::util::TimeUtil::MillisecondsToTimestamp(millis))},
      {"queue", queue.name()},
      {"state", v1::QueueState_Name(queue.state())},
      {"paused", queue.paused()},
      {"put_per_second", json_rate(of.put)},
      {"done_per_second", json_rate(of.done)},
      {"failed_per_second", json_rate(of.failed)},
      {"capacity", queue.settings().capacity()},
      {"waiting", std::to_string(queue.waiting())},
      {"delayed", std::to_string(queue.delayed())},
      {"leased", std::to_string(queue.leased())},
      {"waiting_puts", std::to_string(queue.waiting_puts())},
      {"waiting_gets", std::to_string(queue.waiting_gets())}};
  object["oldest_age_seconds"] = nullptr;
  if (queue.has_oldest_age()) {
    object["oldest_age_seconds"] = static_cast<double>(internal::from_proto(queue.oldest_age()).count()) / 1e6;
  }
  object["stages"] = json::array();
  for (const StageActivity& stage : of.stages) object["stages"].push_back(json_stage(stage));
  object["stalls"] = of.stalls;
  return object;
}

}  // namespace

std::string report_text(const Activity& activity) {
  Table queues({"QUEUE", "STATE", ">DEPTH", ">CAPACITY", ">LEASED", ">PUT/S", ">DONE/S", ">FAILED/S", ">OLDEST", ">PUTS WAIT",
                ">GETS WAIT"});
  Table stages({"STAGE", "READS", "STATE", ">BUSY", ">IDLE", ">DONE/S", ">FAILED/S"});
  std::string stalls;
  bool any_stage = false;
  for (const QueueActivity& each : activity.queues) {
    const v1::Queue& queue = each.queue;
    queues.add({queue.name(), state_text(queue), count_text(each.depth()), capacity(queue), count_text(queue.leased()),
                rate(each.put), rate(each.done), rate(each.failed), oldest(queue), count_text(queue.waiting_puts()),
                count_text(queue.waiting_gets())});
    for (const StageActivity& stage : each.stages) {
      any_stage = true;
      const std::uint64_t idle = stage.workers - std::min(stage.workers, stage.busy);
      stages.add({stage.pipeline + '/' + stage.name, queue.name(), state_name(stage.state), count_text(stage.busy),
                  count_text(idle), rate(stage.done), rate(stage.failed)});
    }
    for (const std::string& stall : each.stalls) stalls += fmt::format("stalled: {}\n", stall);
  }
  return queues.text() + (any_stage ? '\n' + stages.text() : "") + (stalls.empty() ? "" : '\n' + stalls);
}

std::string report_heading() {
  return fmt::format("{:<8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>6} {:>6}\n", "TIME", "PUT/S", "DONE/S", "FAILED/S", "DEPTH",
                     "LEASED", "OLDEST", "PUTS", "GETS");
}

std::string report_line(const Activity& activity, const QueueActivity& queue) {
  std::string line =
      fmt::format("{:<8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>6} {:>6}", time_of_day_text(activity.time), rate(queue.put),
                  rate(queue.done), rate(queue.failed), count_text(queue.depth()), count_text(queue.queue.leased()),
                  oldest(queue.queue), count_text(queue.queue.waiting_puts()), count_text(queue.queue.waiting_gets()));
  for (const std::string& stall : queue.stalls) line += "  stalled: " + stall;
  return line + '\n';
}

std::string report_json(const Activity& activity) {
  std::string lines;
  for (const QueueActivity& queue : activity.queues) lines += json_queue(activity, queue).dump() + '\n';
  return lines;
}

}  // namespace sluice::cli
