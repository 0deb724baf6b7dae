#include "server/rpc/pipeline_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/rpc/join_stream.h"
#include "server/rpc/page.h"
#include "server/rpc/pipeline_view.h"
#include "server/rpc/work_stream.h"
#include "server/wire/reader.h"
#include "server/wire/requests.h"
#include "server/wire/time.h"
#include "server/wire/work.h"

namespace sluice::rpc {
namespace {

using engine::Effects;
using engine::Engine;
using engine::PipelineView;

absl::StatusOr<PipelineView> pipeline_after(const absl::Status& change, const Engine& engine, base::Time now,
                                            const std::string& name) {
  if (!change.ok()) return change;
  return engine.pipeline(now, name);
}

// Finishes a call whose answer is a pipeline.
template <class Response>
auto with_pipeline(const House& house, Call* call) {
  return [call, &runtime = house.runtime](const absl::StatusOr<PipelineView>& view) {
    if (!view.ok()) return call->finish(view.status());
    Response response;
    fill(*view, runtime, *response.mutable_pipeline());
    call->finish(response);
  };
}

// Finishes a call whose answer is one stage of a pipeline.
template <class Response>
auto with_stage(const House& house, Call* call, const std::string& name) {
  return [call, &runtime = house.runtime, name](const absl::StatusOr<PipelineView>& view) {
    if (!view.ok()) return call->finish(view.status());
    v1::Pipeline pipeline;
    fill(*view, runtime, pipeline);
    Response response;
    for (auto& stage : *pipeline.mutable_stages()) {
      if (stage.spec().name() == name) *response.mutable_stage() = std::move(stage);
    }
    call->finish(response);
  };
}

// Changes a stage: `command(engine, now, request, effects)` returns a status.
template <class Request, class Response, class Command>
grpc::ServerUnaryReactor* on_stage(House& house, Call* call, const grpc::ByteBuffer* in, Command command) {
  return serve<Request>(house, call, in, [&](const Request& request) {
    auto status = wire::check(request);
    if (!status.ok()) return status;
    call->about("pipeline", request.pipeline());
    house.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return pipeline_after(command(engine, now, request, effects), engine, now, request.pipeline());
        },
        with_stage<Response>(house, call, request.stage()));
    return status;
  });
}

// One more than the page has, to see whether there is a next one.
absl::StatusOr<std::vector<engine::WorkerView>> workers_of(const Engine& engine, base::Time now, const wire::WorkerPage& page) {
  if (!page.pipeline.empty()) {
    const auto pipeline = engine.pipeline(now, page.pipeline);
    if (!pipeline.ok()) return pipeline.status();
    const auto is_it = [&](const auto& stage) { return stage.spec.name == page.stage; };
    if (!page.stage.empty() && std::ranges::none_of(pipeline->stages, is_it)) {
      return base::error(base::Reason::kStageNotFound,
                         fmt::format("pipeline \"{}\" has no stage \"{}\"", page.pipeline, page.stage));
    }
  }
  return engine.list_workers(page.pipeline, page.stage, page.after, page.size + 1);
}

absl::Status check_handlers(const model::PipelineSpec& spec, const handlers::Registry& handlers) {
  constexpr wire::Field kRequest;
  const wire::Field pipeline(kRequest, "pipeline");
  wire::Reader reader;
  for (std::size_t i = 0; i < spec.stages.size(); ++i) {
    const auto& handler = spec.stages[i].handler;
    if (spec.stages[i].remote() || handlers.find(handler) != nullptr) continue;
    const wire::Field stage(pipeline, "stages", i);
    reader.complain(base::Reason::kHandlerNotFound, {stage, "handler"},
                    fmt::format("{} is no handler of this server; `sluice handlers` lists them", wire::in_quotes(handler)));
  }
  return reader.status();
}

}  // namespace

grpc::ServerUnaryReactor* PipelineService::CreatePipeline(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/CreatePipeline"_method, context, out, house_);
  return serve<v1::CreatePipelineRequest>(house_, call, in, [&](const v1::CreatePipelineRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    const auto spec = wire::spec_of(request);
    if (!spec.ok()) return spec.status();
    call->about("pipeline", spec->name);
    auto status = check_handlers(*spec, house_.runtime.handlers());
    if (!status.ok()) return status;
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return pipeline_after(engine.create_pipeline(now, *spec, effects), engine, now, spec->name);
        },
        with_pipeline<v1::CreatePipelineResponse>(house_, call));
    return status;
  });
}

grpc::ServerUnaryReactor* PipelineService::GetPipeline(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/GetPipeline"_method, context, out, house_);
  return serve<v1::GetPipelineRequest>(house_, call, in, [&](const v1::GetPipelineRequest& request) {
    auto status = wire::check_name("pipeline", request.pipeline());
    if (!status.ok()) return status;
    call->about("pipeline", request.pipeline());
    house_.runtime.run([&](const Engine& engine, base::Time now, Effects&) { return engine.pipeline(now, request.pipeline()); },
                       with_pipeline<v1::GetPipelineResponse>(house_, call));
    return status;
  });
}

grpc::ServerUnaryReactor* PipelineService::ListPipelines(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/ListPipelines"_method, context, out, house_);
  return serve<v1::ListPipelinesRequest>(house_, call, in, [&](const v1::ListPipelinesRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    house_.runtime.run(
        [&](const Engine& engine, base::Time now, Effects&) {
          // One more, to see whether there is a next page.
          return absl::StatusOr<std::vector<PipelineView>>(engine.list_pipelines(now, page->after, page->size + 1));
        },
        [call, size = page->size, &runtime = house_.runtime](const absl::StatusOr<std::vector<PipelineView>>& views) {
          if (!views.ok()) return call->finish(views.status());
          v1::ListPipelinesResponse response;
          const auto shown = fill_page(*views, size, [&](const PipelineView& view) {
            fill(view, runtime, *response.add_pipelines());
            return &response.pipelines(response.pipelines_size() - 1);
          });
          if (shown < views->size()) response.set_next_page_token(wire::token_after((*views)[shown - 1].name));
          call->finish(response);
        });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PipelineService::DeletePipeline(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/DeletePipeline"_method, context, out, house_);
  return serve<v1::DeletePipelineRequest>(house_, call, in, [&](const v1::DeletePipelineRequest& request) {
    auto status = wire::check_name("pipeline", request.pipeline());
    if (!status.ok()) return status;
    call->about("pipeline", request.pipeline());
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return engine.delete_pipeline(now, request.pipeline(), request.force(), effects);
        },
        [call](const absl::StatusOr<std::uint64_t>& discarded) {
          if (!discarded.ok()) return call->finish(discarded.status());
          v1::DeletePipelineResponse response;
          response.set_discarded(*discarded);
          call->finish(response);
        });
    return status;
  });
}

grpc::ServerUnaryReactor* PipelineService::ClosePipeline(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/ClosePipeline"_method, context, out, house_);
  return serve<v1::ClosePipelineRequest>(house_, call, in, [&](const v1::ClosePipelineRequest& request) {
    auto status = wire::check_name("pipeline", request.pipeline());
    if (!status.ok()) return status;
    call->about("pipeline", request.pipeline());
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          const auto closed = engine.close_pipeline(now, request.pipeline(), request.immediate(), effects);
          return pipeline_after(closed, engine, now, request.pipeline());
        },
        with_pipeline<v1::ClosePipelineResponse>(house_, call));
    return status;
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PipelineService::JoinPipeline(Context* context, const Bytes* in) {
  const auto tell = [&runtime = house_.runtime](engine::JoinAnswer&& answer) {
    v1::JoinPipelineResponse response;
    response.set_done(answer.done);
    response.set_idle_count(answer.idle_count);
    if (const auto* view = std::get_if<PipelineView>(&answer.progress)) fill(*view, runtime, *response.mutable_pipeline());
    return serialize(response);
  };
  auto* stream = new JoinStream("PipelineService/JoinPipeline"_method, "pipeline", context, house_, tell);
  return serve_join<v1::JoinPipelineRequest>(stream, house_, in, &Engine::join_pipeline);
}

grpc::ServerUnaryReactor* PipelineService::ScaleStage(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/ScaleStage"_method, context, out, house_);
  return on_stage<v1::ScaleStageRequest, v1::ScaleStageResponse>(
      house_, call, in, [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return engine.scale_stage(now, request.pipeline(), request.stage(), request.workers(), effects);
      });
}

grpc::ServerUnaryReactor* PipelineService::PauseStage(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/PauseStage"_method, context, out, house_);
  return on_stage<v1::PauseStageRequest, v1::PauseStageResponse>(
      house_, call, in, [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return engine.pause_stage(now, request.pipeline(), request.stage(), effects);
      });
}

grpc::ServerUnaryReactor* PipelineService::ResumeStage(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/ResumeStage"_method, context, out, house_);
  return on_stage<v1::ResumeStageRequest, v1::ResumeStageResponse>(
      house_, call, in, [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return engine.resume_stage(now, request.pipeline(), request.stage(), effects);
      });
}

grpc::ServerUnaryReactor* PipelineService::ListHandlers(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/ListHandlers"_method, context, out, house_);
  return serve<v1::ListHandlersRequest>(house_, call, in, [&](const v1::ListHandlersRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    const auto& all = house_.runtime.handlers().all();
    v1::ListHandlersResponse response;
    for (auto at = all.upper_bound(page->after); at != all.end(); ++at) {
      if (response.handlers_size() == static_cast<int>(page->size)) {
        response.set_next_page_token(wire::token_after(response.handlers(response.handlers_size() - 1).name()));
        break;
      }
      const auto& [name, handler] = *at;
      auto& message = *response.add_handlers();
      message.set_name(name);
      message.set_kind(std::string(handler->kind()));
      message.set_description(std::string(handler->description()));
      if (const auto timeout = handler->timeout()) wire::set_duration(*timeout, *message.mutable_timeout());
    }
    call->finish(response);
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PipelineService::Work(Context* context) {
  if (auto status = house_.answering(); !status.ok()) return new RefusedStream(status);
  auto* stream = new WorkStream("PipelineService/Work"_method, context, house_);
  stream->start();
  return stream;
}

grpc::ServerUnaryReactor* PipelineService::ListWorkers(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("PipelineService/ListWorkers"_method, context, out, house_);
  return serve<v1::ListWorkersRequest>(house_, call, in, [&](const v1::ListWorkersRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    house_.runtime.run([&](const Engine& engine, base::Time now, Effects&) { return workers_of(engine, now, *page); },
                       [call, size = page->size](const absl::StatusOr<std::vector<engine::WorkerView>>& views) {
                         if (!views.ok()) return call->finish(views.status());
                         v1::ListWorkersResponse response;
                         const auto shown = fill_page(*views, size, [&](const engine::WorkerView& view) {
                           wire::fill(view, *response.add_workers());
                           return &response.workers(response.workers_size() - 1);
                         });
                         if (shown < views->size()) response.set_next_page_token(wire::token_after((*views)[shown - 1].id));
                         call->finish(response);
                       });
    return absl::OkStatus();
  });
}

}  // namespace sluice::rpc
