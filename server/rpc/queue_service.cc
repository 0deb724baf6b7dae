#include "server/rpc/queue_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "server/rpc/join_stream.h"
#include "server/rpc/page.h"
#include "server/wire/requests.h"
#include "server/wire/spec.h"
#include "server/wire/views.h"

namespace sluice::rpc {
namespace {

using engine::Effects;
using engine::Engine;
using engine::QueueView;

// The queue as it stands after a change, if that succeeded.
absl::StatusOr<QueueView> queue_after(const absl::Status& change, const Engine& engine, base::Time now,
                                      const std::string& name) {
  if (!change.ok()) return change;
  return engine.queue(now, name);
}

// Finishes a call whose answer is a queue.
template <class Response>
auto with_queue(Call* call) {
  return [call](const absl::StatusOr<QueueView>& view) {
    if (!view.ok()) return call->finish(view.status());
    Response response;
    wire::fill(*view, *response.mutable_queue());
    call->finish(response);
  };
}

// Finishes a call whose answer is how many items were discarded.
template <class Response>
auto with_discarded(Call* call) {
  return [call](const absl::StatusOr<std::uint64_t>& discarded) {
    if (!discarded.ok()) return call->finish(discarded.status());
    Response response;
    response.set_discarded(*discarded);
    call->finish(response);
  };
}

// Looks at a queue or changes it: `command(engine, now, request, effects)` returns what `then` takes.
template <class Request, class Command, class Then>
grpc::ServerUnaryReactor* on_queue(House& house, Call* call, const grpc::ByteBuffer* in, Command command, Then then) {
  return serve<Request>(house, call, in, [&](const Request& request) {
    auto status = wire::check_name("queue", request.queue());
    if (!status.ok()) return status;
    call->about("queue", request.queue());
    house.runtime.run([&](Engine& engine, base::Time now, Effects& effects) { return command(engine, now, request, effects); },
                      std::move(then));
    return status;
  });
}

grpc::ByteBuffer tell_queue(engine::JoinAnswer&& answer) {
  v1::JoinQueueResponse response;
  response.set_done(answer.done);
  response.set_idle_count(answer.idle_count);
  if (const auto* view = std::get_if<QueueView>(&answer.progress)) wire::fill(*view, *response.mutable_queue());
  return serialize(response);
}

}  // namespace

grpc::ServerUnaryReactor* QueueService::CreateQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/CreateQueue"_method, context, out, house_);
  return serve<v1::CreateQueueRequest>(house_, call, in, [&](const v1::CreateQueueRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    const auto spec = wire::spec_of(request);
    if (!spec.ok()) return spec.status();
    call->about("queue", spec->name);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return queue_after(engine.create_queue(now, *spec, request.allow_existing(), effects), engine, now, spec->name);
        },
        with_queue<v1::CreateQueueResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::GetQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/GetQueue"_method, context, out, house_);
  return on_queue<v1::GetQueueRequest>(
      house_, call, in,
      [](Engine& engine, base::Time now, const auto& request, Effects&) { return engine.queue(now, request.queue()); },
      with_queue<v1::GetQueueResponse>(call));
}

grpc::ServerUnaryReactor* QueueService::ListQueues(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/ListQueues"_method, context, out, house_);
  return serve<v1::ListQueuesRequest>(house_, call, in, [&](const v1::ListQueuesRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    house_.runtime.run(
        [&](const Engine& engine, base::Time now, Effects&) {
          // One more, to see whether there is a next page.
          return absl::StatusOr<std::vector<QueueView>>(engine.list_queues(now, request.prefix(), page->after, page->size + 1));
        },
        [call, size = page->size](const absl::StatusOr<std::vector<QueueView>>& views) {
          if (!views.ok()) return call->finish(views.status());
          v1::ListQueuesResponse response;
          const auto shown = fill_page(*views, size, [&](const QueueView& view) {
            wire::fill(view, *response.add_queues());
            return &response.queues(response.queues_size() - 1);
          });
          if (shown < views->size()) response.set_next_page_token(wire::token_after((*views)[shown - 1].name));
          call->finish(response);
        });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::UpdateQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/UpdateQueue"_method, context, out, house_);
  return serve<v1::UpdateQueueRequest>(house_, call, in, [&](const v1::UpdateQueueRequest& request) {
    const auto patch = wire::patch_of(request);
    if (!patch.ok()) return patch.status();
    call->about("queue", request.queue());
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) -> absl::StatusOr<QueueView> {
          const auto before = engine.queue(now, request.queue());
          if (!before.ok()) return before.status();
          auto status = wire::check_settings(patch->applied_to(before->settings), {{}, "settings"});
          if (status.ok()) status = engine.update_queue(now, request.queue(), *patch, effects);
          return queue_after(status, engine, now, request.queue());
        },
        with_queue<v1::UpdateQueueResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::DeleteQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/DeleteQueue"_method, context, out, house_);
  return on_queue<v1::DeleteQueueRequest>(
      house_, call, in,
      [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return engine.delete_queue(now, request.queue(), request.force(), effects);
      },
      with_discarded<v1::DeleteQueueResponse>(call));
}

grpc::ServerUnaryReactor* QueueService::CloseQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/CloseQueue"_method, context, out, house_);
  return on_queue<v1::CloseQueueRequest>(
      house_, call, in,
      [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        const auto closed = engine.close_queue(now, request.queue(), request.immediate(), effects);
        return queue_after(closed, engine, now, request.queue());
      },
      with_queue<v1::CloseQueueResponse>(call));
}

grpc::ServerUnaryReactor* QueueService::PauseQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/PauseQueue"_method, context, out, house_);
  return on_queue<v1::PauseQueueRequest>(
      house_, call, in,
      [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return queue_after(engine.pause_queue(now, request.queue(), effects), engine, now, request.queue());
      },
      with_queue<v1::PauseQueueResponse>(call));
}

grpc::ServerUnaryReactor* QueueService::ResumeQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/ResumeQueue"_method, context, out, house_);
  return on_queue<v1::ResumeQueueRequest>(
      house_, call, in,
      [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return queue_after(engine.resume_queue(now, request.queue(), effects), engine, now, request.queue());
      },
      with_queue<v1::ResumeQueueResponse>(call));
}

grpc::ServerUnaryReactor* QueueService::PurgeQueue(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/PurgeQueue"_method, context, out, house_);
  return on_queue<v1::PurgeQueueRequest>(
      house_, call, in,
      [](Engine& engine, base::Time now, const auto& request, Effects& effects) {
        return engine.purge_queue(now, request.queue(), effects);
      },
      with_discarded<v1::PurgeQueueResponse>(call));
}

grpc::ServerUnaryReactor* QueueService::CancelItems(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/CancelItems"_method, context, out, house_);
  return serve<v1::CancelItemsRequest>(house_, call, in, [&](const v1::CancelItemsRequest& request) {
    auto cancel = wire::cancel_of(request);
    if (!cancel.ok()) return cancel.status();
    call->about("queue", cancel->queue);
    const auto command = std::make_shared<const wire::CancelCommand>(*std::move(cancel));
    house_.runtime.run([&](Engine& engine, base::Time now,
                           Effects& effects) { return engine.cancel(now, command->queue, command->items, effects); },
                       [call, command](const absl::StatusOr<std::vector<engine::CancelOutcome>>& outcomes) {
                         if (!outcomes.ok()) return call->finish(outcomes.status());
                         v1::CancelItemsResponse response;
                         wire::fill(*command, *outcomes, response);
                         call->finish(response);
                       });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::RedriveItems(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/RedriveItems"_method, context, out, house_);
  return serve<v1::RedriveItemsRequest>(house_, call, in, [&](const v1::RedriveItemsRequest& request) {
    const auto command = wire::redrive_of(request);
    if (!command.ok()) return command.status();
    call->about("queue", command->queue);
    house_.runtime.run([&](Engine& engine, base::Time now, Effects& effects) { return engine.redrive(now, *command, effects); },
                       [call](const absl::StatusOr<engine::RedriveResult>& result) {
                         if (!result.ok()) return call->finish(result.status());
                         v1::RedriveItemsResponse response;
                         wire::fill(*result, response);
                         call->finish(response);
                       });
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* QueueService::JoinQueue(Context* context, const Bytes* in) {
  auto* stream = new JoinStream("QueueService/JoinQueue"_method, "queue", context, house_, tell_queue);
  return serve_join<v1::JoinQueueRequest>(stream, house_, in, &Engine::join_queue);
}

}  // namespace sluice::rpc
