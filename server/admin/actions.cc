#include "server/admin/actions.h"

#include <memory>
#include <utility>

#include "server/admin/items.h"
#include "server/admin/json.h"
#include "server/admin/messages.h"
#include "server/admin/pages.h"
#include "server/admin/problem.h"
#include "server/log/log.h"
#include "server/wire/requests.h"
#include "sluice/v1/limit_service.pb.h"
#include "sluice/v1/pipeline_service.pb.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::admin {
namespace {

using base::Reason;
using engine::Effects;
using engine::Engine;

// The body as a message; what it is about comes from the path alone.
template <class Message>
absl::StatusOr<Message> body_of(const Match& match) {
  Message message;
  if (auto status = read_json(match.request.body, message); !status.ok()) return status;
  return message;
}

void note(std::string_view what, std::string_view kind, std::string_view name) {
  log::info("action by the admin endpoint", {{"action", what}, {kind, name}});
}

Response told(const absl::StatusOr<engine::QueueView>& view, const std::string& name) {
  if (!view.ok()) return problem(about(view.status(), "queue", name));
  return answer(json_of(message_of(*view)));
}

Response told(const absl::StatusOr<std::uint64_t>& discarded, const std::string& name) {
  if (!discarded.ok()) return problem(about(discarded.status(), "queue", name));
  return answer({{"discarded", *discarded}});
}

// Runs `command(engine, now, name, request, effects)`, which returns the queue or a count of discarded items, and answers once
// it is committed.
template <class Message, class Command>
void on_queue(const House& house, std::string_view what, const Match& match, Reply reply, Command command) {
  auto request = body_of<Message>(match);
  if (!request.ok()) return reply(problem(request.status()));
  const std::string& name = match.part("queue");
  if (auto status = wire::check_name("queue", name); !status.ok()) return reply(problem(status));
  note(what, "queue", name);
  house.runtime.run(
      [&](Engine& engine, base::Time now, Effects& effects) { return command(engine, now, name, *request, effects); },
      [reply = std::move(reply), name](const auto& result) { reply(told(result, name)); });
}

// The queue as it stands after a change.
absl::StatusOr<engine::QueueView> after(const absl::Status& change, const Engine& engine, base::Time now,
                                        const std::string& name) {
  if (!change.ok()) return change;
  return engine.queue(now, name);
}

void close_queue(const House& house, const Match& match, Reply reply) {
  on_queue<v1::CloseQueueRequest>(
      house, "close", match, std::move(reply),
      [](Engine& engine, base::Time now, const std::string& name, const v1::CloseQueueRequest& request, Effects& effects) {
        return after(engine.close_queue(now, name, request.immediate(), effects), engine, now, name);
      });
}

void pause_queue(const House& house, const Match& match, Reply reply) {
  on_queue<v1::PauseQueueRequest>(house, "pause", match, std::move(reply),
                                  [](Engine& engine, base::Time now, const std::string& name, const auto&, Effects& effects) {
                                    return after(engine.pause_queue(now, name, effects), engine, now, name);
                                  });
}

void resume_queue(const House& house, const Match& match, Reply reply) {
  on_queue<v1::ResumeQueueRequest>(house, "resume", match, std::move(reply),
                                   [](Engine& engine, base::Time now, const std::string& name, const auto&, Effects& effects) {
                                     return after(engine.resume_queue(now, name, effects), engine, now, name);
                                   });
}

void purge_queue(const House& house, const Match& match, Reply reply) {
  on_queue<v1::PurgeQueueRequest>(house, "purge", match, std::move(reply),
                                  [](Engine& engine, base::Time now, const std::string& name, const auto&, Effects& effects) {
                                    return engine.purge_queue(now, name, effects);
                                  });
}

// Runs `command(engine, now, effects)`, whose result `fill` turns into a message, and answers once it is committed.
template <class Message, class Command, class Fill>
void on_items(const House& house, std::string_view what, const std::string& queue, Reply reply, Command command, Fill fill) {
  note(what, "queue", queue);
  house.runtime.run(std::move(command), [reply = std::move(reply), queue, fill = std::move(fill)](const auto& result) {
    if (!result.ok()) return reply(problem(about(result.status(), "queue", queue)));
    Message response;
    fill(*result, response);
    reply(answer(json_of(response)));
  });
}

void cancel_items(const House& house, const Match& match, Reply reply) {
  auto request = body_of<v1::CancelItemsRequest>(match);
  if (!request.ok()) return reply(problem(request.status()));
  request->set_queue(match.part("queue"));
  auto command = wire::cancel_of(*request);
  if (!command.ok()) return reply(problem(command.status()));
  on_items<v1::CancelItemsResponse>(
      house, "cancel", request->queue(), std::move(reply),
      [&command](Engine& engine, base::Time now, Effects& effects) {
        return engine.cancel(now, command->queue, command->items, effects);
      },
      [asked = *command](const auto& outcomes, v1::CancelItemsResponse& response) { wire::fill(asked, outcomes, response); });
}

void redrive_items(const House& house, const Match& match, Reply reply) {
  auto request = body_of<v1::RedriveItemsRequest>(match);
  if (!request.ok()) return reply(problem(request.status()));
  request->set_queue(match.part("queue"));
  const auto command = wire::redrive_of(*request);
  if (!command.ok()) return reply(problem(command.status()));
  on_items<v1::RedriveItemsResponse>(
      house, "redrive", request->queue(), std::move(reply),
      [&command](Engine& engine, base::Time now, Effects& effects) { return engine.redrive(now, *command, effects); },
      [](const engine::RedriveResult& result, v1::RedriveItemsResponse& response) { wire::fill(result, response); });
}

// Runs `command(engine, now, effects)` on a pipeline or one of its stages, and shows the pipeline once it is committed.
template <class Command>
void on_pipeline(const House& house, const std::string& name, Reply reply, Command command) {
  house.runtime.run([&](Engine& engine, base::Time now, Effects& effects) { return command(engine, now, effects); },
                    [&house, reply = std::move(reply), name](absl::Status status) {
                      if (!status.ok()) return reply(problem(about(std::move(status), "pipeline", name)));
                      const auto pipeline = see_pipeline(house.runtime, name);
                      if (!pipeline.ok()) return reply(problem(about(pipeline.status(), "pipeline", name)));
                      reply(answer(json_of(message_of(*pipeline))));
                    });
}

void close_pipeline(const House& house, const Match& match, Reply reply) {
  const auto request = body_of<v1::ClosePipelineRequest>(match);
  if (!request.ok()) return reply(problem(request.status()));
  const std::string& name = match.part("pipeline");
  if (auto status = wire::check_name("pipeline", name); !status.ok()) return reply(problem(status));
  note("close", "pipeline", name);
  on_pipeline(house, name, std::move(reply), [&](Engine& engine, base::Time now, Effects& effects) {
    return engine.close_pipeline(now, name, request->immediate(), effects);
  });
}

// Checks the request as the API does and runs `command(engine, now, request, effects)`.
template <class Message, class Command>
void on_stage(const House& house, std::string_view what, const Match& match, Reply reply, Command command) {
  auto request = body_of<Message>(match);
  if (!request.ok()) return reply(problem(request.status()));
  request->set_pipeline(match.part("pipeline"));
  request->set_stage(match.part("stage"));
  if (auto status = wire::check(*request); !status.ok()) return reply(problem(status));
  note(what, "stage", request->stage());
  on_pipeline(house, request->pipeline(), std::move(reply),
              [&](Engine& engine, base::Time now, Effects& effects) { return command(engine, now, *request, effects); });
}

void scale_stage(const House& house, const Match& match, Reply reply) {
  on_stage<v1::ScaleStageRequest>(
      house, "scale", match, std::move(reply), [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return engine.scale_stage(now, request.pipeline(), request.stage(), request.workers(), effects);
      });
}

void pause_stage(const House& house, const Match& match, Reply reply) {
  on_stage<v1::PauseStageRequest>(house, "pause", match, std::move(reply),
                                  [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
                                    return engine.pause_stage(now, request.pipeline(), request.stage(), effects);
                                  });
}

void resume_stage(const House& house, const Match& match, Reply reply) {
  on_stage<v1::ResumeStageRequest>(house, "resume", match, std::move(reply),
                                   [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
                                     return engine.resume_stage(now, request.pipeline(), request.stage(), effects);
                                   });
}

// Runs `command(engine, now, name, effects)` on a schedule, and shows it once that is committed.
template <class Command>
void on_schedule(const House& house, std::string_view what, const Match& match, Reply reply, Command command) {
  const std::string& name = match.part("schedule");
  if (auto status = wire::check_name("schedule", name); !status.ok()) return reply(problem(status));
  note(what, "schedule", name);
  house.runtime.run(
      [&](Engine& engine, base::Time now, Effects& effects) -> absl::StatusOr<engine::ScheduleView> {
        if (auto status = command(engine, now, name, effects); !status.ok()) return status;
        return engine.schedule(name);
      },
      [reply = std::move(reply), name](const absl::StatusOr<engine::ScheduleView>& schedule) {
        if (!schedule.ok()) return reply(problem(about(schedule.status(), "schedule", name)));
        reply(answer(shown(*schedule)));
      });
}

void pause_schedule(const House& house, const Match& match, Reply reply) {
  on_schedule(house, "pause", match, std::move(reply),
              [](Engine& engine, base::Time now, const std::string& name, Effects& effects) {
                return engine.pause_schedule(now, name, effects);
              });
}

void resume_schedule(const House& house, const Match& match, Reply reply) {
  on_schedule(house, "resume", match, std::move(reply),
              [](Engine& engine, base::Time now, const std::string& name, Effects& effects) {
                return engine.resume_schedule(now, name, effects);
              });
}

void update_limit(const House& house, const Match& match, Reply reply) {
  const std::string& name = match.part("limit");
  auto spec = body_of<v1::LimitSpec>(match);
  if (!spec.ok()) return reply(problem(spec.status()));
  v1::UpdateLimitRequest request;
  *request.mutable_limit() = *std::move(spec);
  request.mutable_limit()->set_name(name);
  const auto patch = wire::patch_of(request);
  if (!patch.ok()) return reply(problem(patch.status()));
  note("update", "limit", name);
  house.runtime.run(
      [&](Engine& engine, base::Time now, Effects& effects) -> absl::StatusOr<engine::LimitView> {
        if (auto status = engine.update_limit(now, name, *patch, effects); !status.ok()) return status;
        return engine.limit(now, name);
      },
      [reply = std::move(reply), name](const absl::StatusOr<engine::LimitView>& limit) {
        if (!limit.ok()) return reply(problem(about(limit.status(), "limit", name)));
        reply(answer(json_of(message_of(*limit))));
      });
}

Response set_log_level(const Match& match) {
  const Json body = Json::parse(match.request.body, nullptr, false);
  const bool has_level = body.is_object() && body.contains("level") && body["level"].is_string();
  const auto level = has_level ? log::level_named(body["level"].get<std::string>()) : std::nullopt;
  if (!level) {
    return problem(400, Reason::kInvalidValue, R"(write {"level": LEVEL}, where LEVEL is "debug", "info", "warn" or "error")");
  }
  log::set_level(*level);
  return answer({{"level", log::name(*level)}});
}

}  // namespace

void add_actions(const House& house, Router& router) {
  const auto add = [&](std::string_view path, void (*act)(const House&, const Match&, Reply)) {
    router.add_late("POST", path, [&house, act](const Match& match, Reply reply) { act(house, match, std::move(reply)); });
  };
  add("/api/v1/queues/{queue}/close", close_queue);
  add("/api/v1/queues/{queue}/pause", pause_queue);
  add("/api/v1/queues/{queue}/resume", resume_queue);
  add("/api/v1/queues/{queue}/purge", purge_queue);
  add("/api/v1/queues/{queue}/cancel", cancel_items);
  add("/api/v1/queues/{queue}/redrive", redrive_items);
  add("/api/v1/pipelines/{pipeline}/close", close_pipeline);
  add("/api/v1/pipelines/{pipeline}/stages/{stage}/scale", scale_stage);
  add("/api/v1/pipelines/{pipeline}/stages/{stage}/pause", pause_stage);
  add("/api/v1/pipelines/{pipeline}/stages/{stage}/resume", resume_stage);
  add("/api/v1/schedules/{schedule}/pause", pause_schedule);
  add("/api/v1/schedules/{schedule}/resume", resume_schedule);
  add("/api/v1/limits/{limit}/update", update_limit);
  router.add("PUT", "/api/v1/log", set_log_level);
}

}  // namespace sluice::admin
