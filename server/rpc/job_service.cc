#include "server/rpc/job_service.h"

#include <string>
#include <utility>
#include <vector>

#include "server/base/errors.h"
#include "server/rpc/await_stream.h"
#include "server/rpc/page.h"
#include "server/rpc/refusals.h"
#include "server/rpc/trace.h"
#include "server/wire/jobs.h"
#include "server/wire/page.h"
#include "server/wire/trace.h"

namespace sluice::rpc {
namespace {

using engine::Effects;
using engine::Engine;

class SubmitCall final : public EngineCall {
 public:
  using EngineCall::EngineCall;

  void start(engine::PutCommand command) {
    const bool named = command.submission->pipeline.empty();
    about(named ? "queue" : "pipeline", named ? command.queue : command.submission->pipeline);
    request_id_ = command.request_id;
    begins_batch_ = command.submission->begins_batch;
    batch_ = command.submission->batch;
    house().runtime.apply(
        [&](Engine& engine, base::Time now, Effects& effects) { engine.put(now, std::move(command), *this, effects); });
    wait();
  }

  void answer(engine::Answer&& answer) override {
    const base::ReactionTimer timer(method());
    const auto& put = std::get<engine::PutAnswer>(answer);
    if (base::is(put.status, base::Reason::kQueueFull) && out_of_time(house().clock)) return finish(deadline_exceeded());
    if (!put.status.ok()) return finish(with_request_id(put.status, request_id_));
    v1::SubmitJobsResponse response;
    response.set_first_job_id(model::number(put.first));
    response.set_count(put.count);
    response.set_batch_id(begins_batch_ ? model::number(put.first) : model::number(batch_));
    finish(response);
  }

 private:
  std::string request_id_;
  bool begins_batch_ = false;
  model::BatchId batch_{};
};

struct JobList {
  std::vector<engine::JobView> views;
  model::JobId last{};
};

absl::StatusOr<JobList> list(const Engine& engine, const wire::JobPage& page) {
  if (page.batch != model::BatchId{}) {
    if (const auto batch = engine.batch(page.batch); !batch.ok()) return batch.status();
  }
  JobList list;
  list.views = engine.list_jobs(page.batch, page.state, model::JobId{page.after}, page.size, list.last);
  return list;
}

absl::StatusOr<std::uint64_t> forget(Engine& engine, base::Time now, const v1::ForgetJobsRequest& request, Effects& effects) {
  std::uint64_t count = 0;
  if (request.batch_id() != 0) {
    const auto of_batch = engine.forget_batch(now, model::BatchId{request.batch_id()}, effects);
    if (!of_batch.ok()) return of_batch;
    count += *of_batch;
  }
  std::vector<model::JobId> ids;
  for (const std::uint64_t id : request.job_ids()) ids.push_back(model::JobId{id});
  return count + engine.forget_jobs(now, ids, effects);
}

// Finishes a call whose answer is a batch.
template <class Response>
auto with_batch(Call* call) {
  return [call](const absl::StatusOr<engine::BatchView>& view) {
    if (!view.ok()) return call->finish(view.status());
    Response response;
    wire::fill(*view, *response.mutable_batch());
    call->finish(response);
  };
}

}  // namespace

grpc::ServerUnaryReactor* JobService::SubmitJobs(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new SubmitCall("JobService/SubmitJobs"_method, context, out, house_);
  return serve<v1::SubmitJobsRequest>(house_, call, in, [&](v1::SubmitJobsRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    if (const auto trace = trace_of(*context)) wire::give(*trace, *request.mutable_items());
    auto command = wire::submit_of(request, call->start_time(house_.clock));
    if (command.ok()) call->start(std::move(*command));
    return with_request_id(command.status(), request.request_id());
  });
}

grpc::ServerUnaryReactor* JobService::GetJob(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("JobService/GetJob"_method, context, out, house_);
  return serve<v1::GetJobRequest>(house_, call, in, [&](const v1::GetJobRequest& request) {
    call->about("job", std::to_string(request.job_id()));
    house_.runtime.run([&](const Engine& engine, base::Time, Effects&) { return engine.job(model::JobId{request.job_id()}); },
                       [call](const absl::StatusOr<engine::JobView>& view) {
                         if (!view.ok()) return call->finish(view.status());
                         v1::GetJobResponse response;
                         wire::fill(*view, true, *response.mutable_job());
                         call->finish(response);
                       });
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* JobService::AwaitJobs(Context* context, const Bytes* in) {
  auto* stream = new AwaitStream("JobService/AwaitJobs"_method, context, house_);
  const base::ReactionTimer timer(stream->method());
  v1::AwaitJobsRequest request;
  auto status = house_.answering();
  if (status.ok()) status = parse(const_cast<grpc::ByteBuffer&>(*in), request);
  if (status.ok()) status = house_.open();
  if (status.ok()) {
    const auto command = wire::await_of(request);
    if (command.ok()) stream->start(*command, request.omit_results());
    status = command.status();
  }
  if (!status.ok()) stream->refuse(status);
  return stream;
}

grpc::ServerUnaryReactor* JobService::ListJobs(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("JobService/ListJobs"_method, context, out, house_);
  return serve<v1::ListJobsRequest>(house_, call, in, [&](const v1::ListJobsRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    house_.runtime.run([&](const Engine& engine, base::Time, Effects&) { return list(engine, *page); },
                       [call](const absl::StatusOr<JobList>& jobs) {
                         if (!jobs.ok()) return call->finish(jobs.status());
                         v1::ListJobsResponse response;
                         const auto shown = fill_page(jobs->views, jobs->views.size(), [&](const engine::JobView& view) {
                           wire::fill(view, false, *response.add_jobs());
                           return &response.jobs(response.jobs_size() - 1);
                         });
                         auto last = jobs->last;
                         if (shown < jobs->views.size()) last = jobs->views[shown - 1].facts.id;
                         if (last != model::JobId{}) response.set_next_page_token(wire::token_after_id(model::number(last)));
                         call->finish(response);
                       });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* JobService::ForgetJobs(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("JobService/ForgetJobs"_method, context, out, house_);
  return serve<v1::ForgetJobsRequest>(house_, call, in, [&](const v1::ForgetJobsRequest& request) {
    auto status = wire::check(request);
    if (!status.ok()) return status;
    house_.runtime.run([&](Engine& engine, base::Time now, Effects& effects) { return forget(engine, now, request, effects); },
                       [call](const absl::StatusOr<std::uint64_t>& forgotten) {
                         if (!forgotten.ok()) return call->finish(forgotten.status());
                         v1::ForgetJobsResponse response;
                         response.set_forgotten(*forgotten);
                         call->finish(response);
                       });
    return status;
  });
}

grpc::ServerUnaryReactor* JobService::GetBatch(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("JobService/GetBatch"_method, context, out, house_);
  return serve<v1::GetBatchRequest>(house_, call, in, [&](const v1::GetBatchRequest& request) {
    call->about("batch", std::to_string(request.batch_id()));
    house_.runtime.run(
        [&](const Engine& engine, base::Time, Effects&) { return engine.batch(model::BatchId{request.batch_id()}); },
        with_batch<v1::GetBatchResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* JobService::ListBatches(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("JobService/ListBatches"_method, context, out, house_);
  return serve<v1::ListBatchesRequest>(house_, call, in, [&](const v1::ListBatchesRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    using Views = std::vector<engine::BatchView>;
    house_.runtime.run(
        [&](const Engine& engine, base::Time, Effects&) {
          // One more, to see whether there is a next page.
          return absl::StatusOr<Views>(engine.list_batches(model::BatchId{page->after}, page->size + 1));
        },
        [call, size = page->size](const absl::StatusOr<Views>& views) {
          if (!views.ok()) return call->finish(views.status());
          v1::ListBatchesResponse response;
          const auto shown = fill_page(*views, size, [&](const engine::BatchView& view) {
            wire::fill(view, *response.add_batches());
            return &response.batches(response.batches_size() - 1);
          });
          if (shown < views->size()) {
            response.set_next_page_token(wire::token_after_id(model::number((*views)[shown - 1].facts.id)));
          }
          call->finish(response);
        });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* JobService::SealBatch(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("JobService/SealBatch"_method, context, out, house_);
  return serve<v1::SealBatchRequest>(house_, call, in, [&](const v1::SealBatchRequest& request) {
    const model::BatchId id{request.batch_id()};
    call->about("batch", std::to_string(request.batch_id()));
    house_.runtime.run(
        [id](Engine& engine, base::Time now, Effects& effects) -> absl::StatusOr<engine::BatchView> {
          if (auto status = engine.seal_batch(now, id, effects); !status.ok()) return status;
          return engine.batch(id);
        },
        with_batch<v1::SealBatchResponse>(call));
    return absl::OkStatus();
  });
}

}  // namespace sluice::rpc
