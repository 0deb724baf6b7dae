#include "server/rpc/item_calls.h"

#include <utility>
#include <variant>

#include "server/base/errors.h"
#include "server/rpc/refusals.h"
#include "server/wire/item.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::rpc {

void PutCall::start(engine::PutCommand command) {
  about("queue", command.queue);
  request_id_ = command.request_id;
  house().runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.put(now, std::move(command), *this, effects);
  });
  wait();
}

void PutCall::answer(engine::Answer&& answer) {
  const base::ReactionTimer timer(method());
  const auto& put = std::get<engine::PutAnswer>(answer);
  if (base::is(put.status, base::Reason::kQueueFull) && out_of_time(house().clock)) return finish(deadline_exceeded());
  if (!put.status.ok()) return finish(with_request_id(put.status, request_id_));
  v1::PutResponse response;
  response.mutable_item_ids()->Reserve(static_cast<int>(put.count));
  for (std::uint32_t i = 0; i < put.count; ++i) {
    response.add_item_ids(put.ids.empty() ? model::number(put.first) + i : model::number(put.ids[i]));
  }
  finish(response);
}

void GetCall::start(engine::GetCommand command) {
  about("queue", command.queue);
  queue_ = command.queue;
  house().runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.get(now, std::move(command), *this, effects);
  });
  wait();
}

void GetCall::answer(engine::Answer&& answer) {
  const base::ReactionTimer timer(method());
  const auto& get = std::get<engine::GetAnswer>(answer);
  if (!get.status.ok()) return finish(get.status);
  if (get.items.empty() && !get.end_of_queue && out_of_time(house().clock)) return finish(deadline_exceeded());
  leases_.reserve(get.items.size());
  for (const auto& delivery : get.items) leases_.push_back(delivery.lease);
  v1::GetResponse response;
  response.set_end_of_queue(get.end_of_queue);
  if (!cancelled()) {
    response.mutable_items()->Reserve(static_cast<int>(get.items.size()));
    for (const auto& delivery : get.items) wire::fill(delivery, *response.add_items());
  }
  finish(response);
}

void GetCall::OnDone() {
  // Only now is it known whether the answer could be sent.
  if (!leases_.empty() && cancelled()) give_back();
  EngineCall::OnDone();
}

void GetCall::give_back() {
  house().runtime.apply([this](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    // A lease that ran out meanwhile is nobody's business any more.
    for (const model::LeaseId lease : leases_) (void)engine.release(now, queue_, lease, effects);
  });
}

}  // namespace sluice::rpc
