#include "server/store_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "server/base/counted.h"
#include "server/journal/frame.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;
using journal::Inspection;
using journal::QueueInspection;

constexpr std::array kHeaders = {"QUEUE", "STATE", "WAITING", "DELAYED", "LEASED",
                                 "BYTES", "PUT",   "DONE",    "DEAD",    "OLDEST PUT"};
using Row = std::array<std::string, kHeaders.size()>;

std::string time_text(base::Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(std::chrono::floor<std::chrono::seconds>(time)));
}

const char* order_name(model::QueueOrder order) {
  if (order == model::QueueOrder::kLifo) return "lifo";
  return order == model::QueueOrder::kPriority ? "priority" : "fifo";
}

const char* stage_state_name(model::StageState state) {
  if (state == model::StageState::kPaused) return "paused";
  return state == model::StageState::kFinished ? "finished" : "running";
}

bool closed(const QueueInspection& queue) { return queue.queue.state == model::QueueState::kClosed; }

Row row_of(const QueueInspection& queue) {
  return {queue.queue.name,
          fmt::format("{}{}", closed(queue) ? "closed" : "open", queue.queue.paused ? ", paused" : ""),
          std::to_string(queue.waiting),
          std::to_string(queue.delayed),
          std::to_string(queue.leased),
          std::to_string(queue.bytes),
          std::to_string(queue.counters.put),
          std::to_string(queue.counters.done),
          std::to_string(queue.counters.dead_lettered),
          queue.oldest_put ? time_text(*queue.oldest_put) : "-"};
}

// Names to the left, the rest to the right.
std::string table_text(const std::vector<Row>& rows) {
  std::array<std::size_t, kHeaders.size()> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths.at(i) = std::max(widths.at(i), row.at(i).size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i < 2 ? fmt::format("{:<{}}  ", row.at(i), widths.at(i)) : fmt::format("{:>{}}  ", row.at(i), widths.at(i));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string pipeline_text(const model::PipelineRecord& pipeline) {
  std::string text = fmt::format("pipeline {}\n", pipeline.name);
  for (const auto& stage : pipeline.stages) {
    text += fmt::format("  stage {}: {} -> {} -> {}, {}, {}\n", stage.spec.name, stage.spec.input, stage.spec.handler,
                        stage.spec.output.empty() ? "(dropped)" : stage.spec.output,
                        base::counted(stage.spec.workers, "worker"), stage_state_name(stage.state));
  }
  return text;
}

std::string limit_text(const model::LimitSpec& limit) {
  std::string text = fmt::format("limit {}:", limit.name);
  if (limit.max_at_once > 0) text += fmt::format(" {} at once", limit.max_at_once);
  if (limit.per_second > 0.0) text += fmt::format(" {:g} a second, burst {}", limit.per_second, limit.burst);
  return text + '\n';
}

std::string schedule_text(const model::ScheduleRecord& schedule) {
  const auto& [spec, state] = schedule;
  const std::string times = spec.cron.empty()
                                ? fmt::format("every {} us", spec.every.count())
                                : fmt::format("{} {}", spec.cron, spec.time_zone.empty() ? "UTC" : spec.time_zone);
  return fmt::format("schedule {} -> {}: {}, {}; {} put, {} skipped, {} refused\n", spec.name, spec.queue, times,
                     state.paused ? "paused" : "next " + time_text(state.next), state.counters.put, state.counters.skipped,
                     state.counters.refused);
}

std::string jobs_text(const journal::JobInspection& jobs) {
  if (jobs.running + jobs.ended + jobs.batches == 0) return "";
  return fmt::format("jobs: {} running, {} ended; batches: {}, {} of them not done\n", jobs.running, jobs.ended, jobs.batches,
                     jobs.open_batches);
}

Json limit_json(const model::LimitSpec& limit) {
  return {{"name", limit.name}, {"max_at_once", limit.max_at_once}, {"per_second", limit.per_second}, {"burst", limit.burst}};
}

Json schedule_json(const model::ScheduleRecord& schedule) {
  const auto& [spec, state] = schedule;
  Json json{{"name", spec.name},
            {"queue", spec.queue},
            {"cron", spec.cron},
            {"time_zone", spec.time_zone},
            {"every_us", spec.every.count()},
            {"catch_up", spec.catch_up},
            {"paused", state.paused},
            {"waiting", state.waiting.size()},
            {"put", state.counters.put},
            {"skipped", state.counters.skipped},
            {"refused", state.counters.refused},
            {"last_error", state.last_error}};
  if (!state.paused) json["next_time"] = time_text(state.next);
  return json;
}

Json jobs_json(const journal::JobInspection& jobs) {
  return {{"running", jobs.running}, {"ended", jobs.ended}, {"batches", jobs.batches}, {"open_batches", jobs.open_batches}};
}

Json queue_json(const QueueInspection& queue) {
  Json json{{"name", queue.queue.name},
            {"state", closed(queue) ? "closed" : "open"},
            {"paused", queue.queue.paused},
            {"order", order_name(queue.queue.settings.order)},
            {"capacity", queue.queue.settings.capacity},
            {"pipeline", queue.queue.pipeline},
            {"create_time", time_text(queue.queue.create_time)},
            {"unfinished", queue.unfinished()},
            {"waiting", queue.waiting},
            {"delayed", queue.delayed},
            {"leased", queue.leased},
            {"bytes", queue.bytes},
            {"remembered_requests", queue.requests}};
  if (queue.oldest_put) json["oldest_put_time"] = time_text(*queue.oldest_put);
  const auto& counters = queue.counters;
  json["counters"] = {{"put", counters.put},
                      {"done", counters.done},
                      {"delivered", counters.delivered},
                      {"failed", counters.failed},
                      {"lease_lost", counters.lease_lost},
                      {"retried", counters.retried},
                      {"dead_lettered", counters.dead_lettered},
                      {"discarded", counters.discarded},
                      {"rejected", counters.rejected},
                      {"cancelled", counters.cancelled},
                      {"expired", counters.expired},
                      {"redriven", counters.redriven},
                      {"duplicates", counters.duplicates}};
  return json;
}

Json pipeline_json(const model::PipelineRecord& pipeline) {
  Json stages = Json::array();
  for (const auto& stage : pipeline.stages) {
    stages.push_back({{"name", stage.spec.name},
                      {"input", stage.spec.input},
                      {"output", stage.spec.output},
                      {"handler", stage.spec.handler},
                      {"workers", stage.spec.workers},
                      {"state", stage_state_name(stage.state)}});
  }
  return {{"name", pipeline.name}, {"create_time", time_text(pipeline.create_time)}, {"stages", std::move(stages)}};
}

}  // namespace

std::string text_report(const Inspection& inspection) {
  std::vector<Row> rows;
  rows.emplace_back();
  std::ranges::copy(kHeaders, rows.back().begin());
  for (const QueueInspection& queue : inspection.queues) rows.push_back(row_of(queue));
  std::string text = table_text(rows);
  for (const auto& pipeline : inspection.pipelines) text += pipeline_text(pipeline);
  for (const auto& limit : inspection.limits) text += limit_text(limit.spec);
  for (const auto& schedule : inspection.schedules) text += schedule_text(schedule);
  text += jobs_text(inspection.jobs);
  text += fmt::format("file: {} bytes, {} of them hold data; schema version {} (this sluiced reads up to {})\n",
                      inspection.file_bytes, inspection.used_bytes, inspection.schema_version, journal::kSchemaVersion);
  return text;
}

std::string json_report(const Inspection& inspection) {
  Json queues = Json::array();
  for (const QueueInspection& queue : inspection.queues) queues.push_back(queue_json(queue));
  Json pipelines = Json::array();
  for (const auto& pipeline : inspection.pipelines) pipelines.push_back(pipeline_json(pipeline));
  Json limits = Json::array();
  for (const auto& limit : inspection.limits) limits.push_back(limit_json(limit.spec));
  Json schedules = Json::array();
  for (const auto& schedule : inspection.schedules) schedules.push_back(schedule_json(schedule));
  const Json json{{"schema_version", inspection.schema_version}, {"file_bytes", inspection.file_bytes},
                  {"used_bytes", inspection.used_bytes},         {"queues", std::move(queues)},
                  {"pipelines", std::move(pipelines)},           {"limits", std::move(limits)},
                  {"schedules", std::move(schedules)},           {"jobs", jobs_json(inspection.jobs)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace sluice
