#include "server/rpc/work_stream.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "server/base/errors.h"
#include "server/handlers/handler.h"
#include "server/rpc/bytes.h"
#include "server/runtime/stage_output.h"
#include "server/wire/commands.h"
#include "server/wire/item.h"
#include "server/wire/views.h"

namespace sluice::rpc {
namespace {

absl::Status not_held(model::LeaseId lease) {
  return base::error(base::Reason::kLeaseLost,
                     fmt::format("token {} gives this worker no right to an item (any more): the item was given to somebody "
                                 "else, or was ended already",
                                 model::number(lease)));
}

// As the handlers of the server's own workers make them.
std::vector<handlers::Output> outputs_of(std::vector<wire::MadeOutput>&& made) {
  std::vector<handlers::Output> outputs;
  outputs.reserve(made.size());
  for (auto& each : made) outputs.push_back({std::move(each.payload), std::move(each.attributes)});
  return outputs;
}

}  // namespace

absl::StatusOr<wire::ConsumerOrder> WorkStream::read(grpc::ByteBuffer& request) {
  v1::WorkRequest message;
  if (auto status = parse(request, message); !status.ok()) return status;
  auto work = wire::work_of(std::move(message), name_);
  if (!work.ok()) return work.status();
  if (queue_.empty()) {
    if (auto status = attach(*work); !status.ok()) return status;
  }
  wire::ConsumerOrder order = std::move(work->order);
  keep_held(order.failures, [](const engine::FailCommand& each) { return each.lease; });
  keep_held(order.released, [](model::LeaseId each) { return each; });
  keep_held(work->results, [](const wire::MadeResult& each) { return each.lease; });
  for (auto& failure : order.failures) failure.queue = queue_;
  make_outputs(std::move(work->results), order);
  return order;
}

absl::Status WorkStream::attach(const wire::WorkOrder& order) {
  {
    const Lock lock(mutex_);
    ++ending_leases_;
  }
  absl::Status attached;
  house().runtime.run(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
        attached = attach(order, engine, now, effects);
        return attached;
      },
      [this](const absl::Status& status) {
        const Hold hold(*this);
        {
          const Lock lock(mutex_);
          --ending_leases_;
          if (status.ok()) attached_ = Attached::kToTell;
        }
        if (!status.ok()) return end(status);
        go_further();
      });
  return attached;
}

absl::Status WorkStream::attach(const wire::WorkOrder& order, engine::Engine& engine, base::Time now,
                                engine::Effects& effects) {
  auto attached =
      engine.attach_worker(now, order.stage.pipeline, order.stage.stage, order.order.consumer, wire::host_of(peer()), effects);
  if (!attached.ok()) return attached.status();
  name_ = order.stage;
  stage_ = std::move(attached->stage);
  id_ = attached->worker;
  queue_ = stage_.input;
  consumer_ = order.order.consumer;
  if (const auto handler = house().runtime.handlers().find(stage_.handler)) timeout_ = handler->timeout();
  const Lock lock(mutex_);
  is_listed_ = true;
  return absl::OkStatus();
}

template <class Entry, class Lease>
void WorkStream::keep_held(std::vector<Entry>& entries, Lease lease_of) {
  const Lock lock(mutex_);
  std::erase_if(entries, [&](const Entry& entry) {
    const model::LeaseId lease = lease_of(entry);
    if (find_held(lease) != nullptr) return false;
    note(lease, not_held(lease));
    return true;
  });
}

void WorkStream::make_outputs(std::vector<wire::MadeResult>&& results, wire::ConsumerOrder& order) {
  for (auto& result : results) {
    model::Delivery input;
    {
      const Lock lock(mutex_);
      const Held* held = find_held(result.lease);
      // Another reaction may have ended it meanwhile.
      if (held == nullptr) {
        note(result.lease, not_held(result.lease));
        continue;
      }
      input.body = held->attributes;
      input.priority = held->priority;
      input.job = held->job;
    }
    engine::CompleteCommand command{.queue = queue_, .lease = result.lease};
    const auto made = runtime::give_results(stage_, input, outputs_of(std::move(result.outputs)), command);
    if (!made.ok()) {
      {
        const Lock lock(mutex_);
        ++ending_leases_;
      }
      handed_on(result.lease, made);
    } else if (command.outputs.empty() && command.results.empty()) {
      order.done.push_back(result.lease);
    } else {
      order.completions.push_back(std::move(command));
    }
  }
}

void WorkStream::complete_get(engine::GetCommand& command) const {
  command.lease_duration = timeout_.value_or(base::Duration::max());
  command.stage = stage_.name;
  command.worker = id_;
}

void WorkStream::handed_on(model::LeaseId lease, const absl::Status& status) {
  if (status.ok() || base::is(status, base::Reason::kLeaseLost)) return end_of_hand_on(lease, status);
  auto error = runtime::refused_output(stage_, status);
  engine::FailCommand command{
      .queue = queue_, .lease = lease, .failure = std::move(error.failure), .do_not_retry = error.do_not_retry};
  house().runtime.run([&](engine::Engine& engine, base::Time now,
                          engine::Effects& effects) { return engine.fail(now, std::move(command), effects); },
                      [this, lease, status](const absl::Status& failed) {
                        const Hold hold(*this);
                        end_of_hand_on(lease, failed.ok() ? status : failed);
                      });
}

void WorkStream::leave(engine::Engine& engine, base::Time now, engine::Effects& effects) {
  engine.detach_worker(now, id_, effects);
  const Lock lock(mutex_);
  is_listed_ = false;
}

HoldingStream::Held WorkStream::held_of(const model::Delivery& item) const {
  static const auto kNoAttributes = std::make_shared<const model::Body>();
  Held held{.bytes = item.body->bytes(), .priority = item.priority, .attributes = kNoAttributes, .job = item.job};
  if (!item.body->attributes.empty()) {
    auto body = std::make_shared<model::Body>();
    body->attributes = item.body->attributes;
    held.attributes = std::move(body);
  }
  return held;
}

grpc::ByteBuffer WorkStream::tell(News news) {
  v1::WorkResponse message;
  {
    const Lock lock(mutex_);
    if (attached_ == Attached::kToTell) {
      attached_ = Attached::kTold;
      message.mutable_attached()->set_worker_id(model::number(id_));
      wire::fill(stage_, *message.mutable_attached()->mutable_stage());
    }
  }
  message.set_end_of_work(news.end_of_queue);
  message.mutable_items()->Reserve(static_cast<int>(news.items.size()));
  for (const auto& delivery : news.items) wire::fill(delivery, *message.add_items());
  message.mutable_ended()->Reserve(static_cast<int>(news.ended.size()));
  for (const auto lease : news.ended) message.add_ended(model::number(lease));
  for (const auto& [lease, status] : news.refused) wire::fill(lease, status, *message.add_refused());
  return serialize(message);
}

}  // namespace sluice::rpc
