#include <utility>
#include <vector>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/rpc/complete_call.h"
#include "server/rpc/consume_stream.h"
#include "server/rpc/item_calls.h"
#include "server/rpc/page.h"
#include "server/rpc/produce_stream.h"
#include "server/rpc/queue_service.h"
#include "server/rpc/refusals.h"
#include "server/rpc/trace.h"
#include "server/wire/commands.h"
#include "server/wire/item.h"
#include "server/wire/requests.h"
#include "server/wire/trace.h"

namespace sluice::rpc {
namespace {

using engine::Effects;
using engine::Engine;

// What became of each token of a call, in order.
using Results = std::vector<std::pair<model::LeaseId, absl::Status>>;

// Finishes a call whose answer is a result for each token. A queue that does not exist fails the call as a whole.
template <class Response>
auto with_results(Call* call) {
  return [call](const absl::StatusOr<Results>& results) {
    if (!results.ok()) return call->finish(results.status());
    const auto& first = results->front().second;
    if (base::is(first, base::Reason::kQueueNotFound)) return call->finish(first);
    Response response;
    response.mutable_results()->Reserve(static_cast<int>(results->size()));
    for (const auto& [lease, status] : *results) wire::fill(lease, status, *response.add_results());
    call->finish(response);
  };
}

}  // namespace

grpc::ServerUnaryReactor* QueueService::Put(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new PutCall("QueueService/Put"_method, context, out, house_);
  return serve<v1::PutRequest>(house_, call, in, [&](v1::PutRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    if (const auto trace = trace_of(*context)) wire::give(*trace, *request.mutable_items());
    auto command = wire::put_of(request, call->start_time(house_.clock));
    if (command.ok()) call->start(std::move(*command));
    return with_request_id(command.status(), request.request_id());
  });
}

grpc::ServerUnaryReactor* QueueService::Get(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new GetCall("QueueService/Get"_method, context, out, house_);
  return serve<v1::GetRequest>(house_, call, in, [&](const v1::GetRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    auto command = wire::get_of(request, call->start_time(house_.clock));
    if (command.ok()) call->start(std::move(*command));
    return command.status();
  });
}

grpc::ServerUnaryReactor* QueueService::Complete(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new CompleteCall("QueueService/Complete"_method, context, out, house_);
  return serve<v1::CompleteRequest>(house_, call, in, [&](v1::CompleteRequest& request) {
    auto commands = wire::completes_of(request, call->start_time(house_.clock));
    if (commands.ok()) call->start(std::move(*commands));
    return with_request_id(commands.status(), request.request_id());
  });
}

grpc::ServerUnaryReactor* QueueService::Fail(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/Fail"_method, context, out, house_);
  return serve<v1::FailRequest>(house_, call, in, [&](const v1::FailRequest& request) {
    auto commands = wire::fails_of(request);
    if (!commands.ok()) return with_request_id(commands.status(), request.request_id());
    call->about("queue", commands->front().queue);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          Results results;
          results.reserve(commands->size());
          for (auto& command : *commands) {
            const auto lease = command.lease;
            results.emplace_back(lease, engine.fail(now, std::move(command), effects));
          }
          return absl::StatusOr<Results>(std::move(results));
        },
        with_results<v1::FailResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::Extend(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/Extend"_method, context, out, house_);
  return serve<v1::ExtendRequest>(house_, call, in, [&](const v1::ExtendRequest& request) {
    const auto command = wire::extend_of(request);
    if (!command.ok()) return command.status();
    call->about("queue", command->queue);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          Results results;
          results.reserve(command->leases.size());
          for (const auto lease : command->leases) {
            results.emplace_back(lease, engine.extend(now, command->queue, lease, command->lease_duration, effects).status());
          }
          return absl::StatusOr<Results>(std::move(results));
        },
        with_results<v1::ExtendResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::Release(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/Release"_method, context, out, house_);
  return serve<v1::ReleaseRequest>(house_, call, in, [&](const v1::ReleaseRequest& request) {
    const auto command = wire::release_of(request);
    if (!command.ok()) return command.status();
    call->about("queue", command->queue);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          Results results;
          results.reserve(command->leases.size());
          for (const auto lease : command->leases) {
            results.emplace_back(lease, engine.release(now, command->queue, lease, effects));
          }
          return absl::StatusOr<Results>(std::move(results));
        },
        with_results<v1::ReleaseResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::ReportProgress(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/ReportProgress"_method, context, out, house_);
  return serve<v1::ReportProgressRequest>(house_, call, in, [&](const v1::ReportProgressRequest& request) {
    auto command = wire::report_of(request);
    if (!command.ok()) return command.status();
    call->about("queue", command->queue);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          Results results;
          results.reserve(command->reports.size());
          for (auto& [lease, progress] : command->reports) {
            results.emplace_back(lease, engine.report(now, command->queue, lease, std::move(progress), effects));
          }
          return absl::StatusOr<Results>(std::move(results));
        },
        with_results<v1::ReportProgressResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* QueueService::Peek(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("QueueService/Peek"_method, context, out, house_);
  return serve<v1::PeekRequest>(house_, call, in, [&](const v1::PeekRequest& request) {
    const auto peek = wire::peek_of(request);
    if (!peek.ok()) return peek.status();
    call->about("queue", peek->queue);
    house_.runtime.peek(peek->queue, peek->state, peek->offset, peek->limit,
                        [call, peek = *peek](const absl::StatusOr<runtime::PeekedPage>& page) {
                          if (!page.ok()) return call->finish(page.status());
                          v1::PeekResponse response;
                          const auto shown = fill_page(page->items, peek.limit, [&](const engine::PeekedItem& item) {
                            wire::fill(item, peek.max_payload_bytes, *response.add_items());
                            return &response.items(response.items_size() - 1);
                          });
                          const bool more = page->more || shown < page->items.size();
                          if (more) response.set_next_page_token(wire::token_at(peek.offset + shown));
                          call->finish(response);
                        });
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* QueueService::Produce(Context* context) {
  if (auto status = house_.answering(); !status.ok()) return new RefusedStream(status);
  auto* stream = new ProduceStream("QueueService/Produce"_method, context, house_);
  stream->start();
  return stream;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* QueueService::Consume(Context* context) {
  if (auto status = house_.answering(); !status.ok()) return new RefusedStream(status);
  auto* stream = new ConsumeStream("QueueService/Consume"_method, context, house_);
  stream->start();
  return stream;
}

}  // namespace sluice::rpc
