#include "server/admin/lists.h"

#include <charconv>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "server/admin/items.h"
#include "server/admin/json.h"
#include "server/admin/messages.h"
#include "server/admin/pages.h"
#include "server/admin/problem.h"
#include "server/log/log.h"
#include "server/wire/requests.h"
#include "server/wire/time.h"
#include "server/wire/work.h"

namespace sluice::admin {
namespace {

using base::Reason;

Response list_queues(const House& house, const Match& match) {
  auto request = page_request<v1::ListQueuesRequest>(match);
  if (!request.ok()) return problem(request.status());
  request->set_prefix(match.query("prefix"));
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  const auto queues = see_queues(house.runtime, request->prefix(), page->after, std::size_t{page->size} + 1);
  return answer(
      page_json("queues", queues, page->size, [](const engine::QueueView& queue) { return wire::token_after(queue.name); }));
}

Response show_queue(const House& house, const Match& match) {
  if (auto status = wire::check_name("queue", match.part("queue")); !status.ok()) return problem(status);
  const auto queue = see_queue(house.runtime, match.part("queue"));
  if (!queue.ok()) return problem(about(queue.status(), "queue", match.part("queue")));
  return answer(json_of(message_of(*queue)));
}

Response list_pipelines(const House& house, const Match& match) {
  const auto request = page_request<v1::ListPipelinesRequest>(match);
  if (!request.ok()) return problem(request.status());
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  const auto pipelines = see_pipelines(house.runtime, page->after, std::size_t{page->size} + 1);
  return answer(page_json("pipelines", pipelines, page->size,
                          [](const PipelineSeen& seen) { return wire::token_after(seen.view.name); }));
}

Response show_pipeline(const House& house, const Match& match) {
  if (auto status = wire::check_name("pipeline", match.part("pipeline")); !status.ok()) return problem(status);
  const auto pipeline = see_pipeline(house.runtime, match.part("pipeline"));
  if (!pipeline.ok()) return problem(about(pipeline.status(), "pipeline", match.part("pipeline")));
  return answer(json_of(message_of(*pipeline)));
}

Response list_stages(const House& house) {
  Json list = Json::array();
  for (const PipelineSeen& pipeline : see_pipelines(house.runtime)) {
    const auto message = message_of(pipeline);
    for (const auto& stage : message.stages()) {
      Json json = {{"pipeline", pipeline.view.name}};
      json.update(json_of(stage));
      list.push_back(std::move(json));
    }
  }
  return answer({{"stages", std::move(list)}});
}

Response list_running(const House& house) {
  Json list = Json::array();
  for (const PipelineSeen& pipeline : see_pipelines(house.runtime)) {
    const auto message = message_of(pipeline);
    for (const auto& stage : message.stages()) {
      for (const auto& running : stage.running()) {
        Json json = {{"pipeline", pipeline.view.name}, {"stage", stage.spec().name()}, {"queue", stage.spec().input()}};
        json.update(json_of(running));
        list.push_back(std::move(json));
      }
    }
  }
  return answer({{"running", std::move(list)}});
}

Response list_workers(const House& house, const Match& match) {
  auto request = page_request<v1::ListWorkersRequest>(match);
  if (!request.ok()) return problem(request.status());
  request->set_pipeline(match.query("pipeline"));
  request->set_stage(match.query("stage"));
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  std::vector<engine::WorkerView> workers;
  house.runtime.apply([&](const engine::Engine& engine, base::Time, engine::Effects&) {
    workers = engine.list_workers(page->pipeline, page->stage, page->after, std::size_t{page->size} + 1);
  });
  return answer(
      page_json("workers", workers, page->size, [](const engine::WorkerView& worker) { return wire::token_after(worker.id); }));
}

Response list_stalls(const House& house) {
  Json list = Json::array();
  const auto add = [&list](const engine::Stall& stall, std::string_view pipeline) {
    list.push_back(
        {{"reason", engine::name(stall.reason)}, {"queue", stall.queue}, {"pipeline", pipeline}, {"message", stall.message}});
  };
  // Of a pipeline's queues, what holds nothing up is no stall: so its own list counts, where there is one.
  std::set<std::string> told;
  for (const PipelineSeen& pipeline : see_pipelines(house.runtime)) {
    for (const auto& queue : pipeline.view.queues) told.insert(queue.name);
    for (const auto& stall : pipeline.view.stalls) add(stall, pipeline.view.name);
  }
  for (const auto& queue : see_queues(house.runtime)) {
    if (told.contains(queue.name)) continue;
    for (const auto& stall : queue.stalls) add(stall, "");
  }
  return answer({{"stalls", std::move(list)}});
}

Response list_handlers(const House& house) {
  Json list = Json::array();
  for (const auto& [name, handler] : house.runtime.handlers().all()) {
    v1::Handler message;
    message.set_name(name);
    message.set_kind(std::string(handler->kind()));
    message.set_description(std::string(handler->description()));
    if (const auto timeout = handler->timeout()) wire::set_duration(*timeout, *message.mutable_timeout());
    list.push_back(json_of(message));
  }
  return answer({{"handlers", std::move(list)}});
}

Json store_json(const House& house) {
  const auto use = house.journal.use();
  if (!use) return nullptr;
  return {{"used_bytes", use->used},
          {"limit_bytes", use->limit},
          {"reserve_bytes", use->reserve},
          {"disk_free_bytes", use->disk_free}};
}

Response show_server(const House& house, base::Time started) {
  const auto us = started.time_since_epoch().count();
  const auto ready = house.ready();
  return answer({{"version", house.version},
                 {"start_time", time_text(us / 1'000'000, static_cast<std::int32_t>(us % 1'000'000) * 1'000)},
                 {"ready", ready.ok()},
                 {"actions", house.access.actions},
                 {"token_needed", !house.access.token.empty()},
                 {"store", store_json(house)}});
}

}  // namespace

absl::Status read_number(const Match& match, std::string_view key, const std::function<void(std::uint32_t)>& set) {
  const std::string& text = match.query(key);
  if (text.empty()) return absl::OkStatus();
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return base::error(Reason::kInvalidValue, fmt::format("{}: {} is not a whole number", key, wire::in_quotes(text)));
  }
  set(number);
  return absl::OkStatus();
}

absl::Status about(absl::Status status, std::string_view key, std::string_view name) {
  if (!status.ok()) base::annotate(status, key, name);
  return status;
}

void add_lists(const House& house, Router& router) {
  const auto add = [&](std::string_view path, Response (*show)(const House&, const Match&)) {
    add_view(house, router, path, show);
  };
  const auto add_all = [&](std::string_view path, Response (*show)(const House&)) {
    router.add("GET", path, [&house, show](const Match&) { return show(house); });
  };
  router.add("GET", "/api/v1", [&router](const Match&) { return answer({{"routes", router.list()}}); });
  router.add("GET", "/api/v1/server",
             [&house, started = house.clock.now()](const Match&) { return show_server(house, started); });
  add("/api/v1/queues", list_queues);
  add("/api/v1/queues/{queue}", show_queue);
  router.add_late("GET", "/api/v1/queues/{queue}/items",
                  [&house](const Match& match, Reply reply) { list_items(house, match, std::move(reply)); });
  router.add_late("GET", "/api/v1/dead_letters",
                  [&house](const Match&, Reply reply) { list_dead_letters(house, std::move(reply)); });
  add("/api/v1/pipelines", list_pipelines);
  add("/api/v1/pipelines/{pipeline}", show_pipeline);
  add_all("/api/v1/stages", list_stages);
  add_all("/api/v1/running", list_running);
  add("/api/v1/workers", list_workers);
  add_lists_of_jobs(house, router);
  add_lists_of_limits(house, router);
  add_lists_of_schedules(house, router);
  add_all("/api/v1/stalls", list_stalls);
  add_all("/api/v1/handlers", list_handlers);
  router.add("GET", "/api/v1/log", [](const Match&) { return answer({{"level", log::name(log::level())}}); });
}

}  // namespace sluice::admin
