#include "sluice/queue.h"

#include <algorithm>
#include <utility>

#include "client/src/connection.h"
#include "client/src/convert.h"
#include "client/src/held_item.h"
#include "client/src/jobs.h"
#include "client/src/limits.h"
#include "client/src/put_parts.h"
#include "sluice/error.h"

namespace sluice {

using internal::from_proto;
using internal::to_proto;

Queue::Queue(std::shared_ptr<internal::Connection> connection, std::string name)
    : connection_(std::move(connection)), name_(std::move(name)) {}

ItemId Queue::put(NewItem item, const PutOptions& options) const {
  v1::PutRequest request;
  request.set_queue(name_);
  *request.add_items() = to_proto(std::move(item));
  return internal::put_once(*connection_, request, options.max_wait, options.stop).item_ids(0);
}

bool Queue::try_put(NewItem item) const {
  try {
    put(std::move(item), {.max_wait = Duration::zero()});
    return true;
  } catch (const QueueFull&) {
    return false;
  }
}

std::vector<ItemId> Queue::put_batch(std::span<const NewItem> items, const PutOptions& options) const {
  v1::PutRequest request;
  request.set_queue(name_);
  for (const NewItem& item : items) *request.add_items() = to_proto(item);
  const auto response = internal::put_once(*connection_, request, options.max_wait, options.stop);
  return {response.item_ids().begin(), response.item_ids().end()};
}

std::vector<ItemId> Queue::put_all(std::span<const NewItem> items, const PutAllOptions& options) const {
  std::vector<v1::NewItem> protos;
  protos.reserve(items.size());
  for (const NewItem& item : items) protos.push_back(to_proto(item));
  return internal::put_parts(*connection_, name_, std::move(protos), options);
}

std::vector<ItemId> Queue::put_all(const std::vector<std::string>& payloads, const PutAllOptions& options) const {
  std::vector<v1::NewItem> protos(payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i) protos[i].set_payload(payloads[i]);
  return internal::put_parts(*connection_, name_, std::move(protos), options);
}

Producer Queue::producer(ProducerOptions options) const { return {connection_, name_, std::move(options)}; }

Future Queue::submit(NewItem item, const SubmitOptions& options) const {
  return internal::submit_one(connection_, {.queue = name_}, std::move(item), options);
}

JobBatch Queue::submit_batch(std::span<const NewItem> items, const BatchOptions& options) const {
  return internal::submit_batch(*connection_, {.queue = name_}, items, options);
}

std::vector<std::string> Queue::map(const std::vector<std::string>& inputs, const MapOptions& options) const {
  return internal::map(connection_, {.queue = name_}, inputs, options);
}

JobMap Queue::map_stream(std::function<void(Job&&)> on_outcome, MapOptions options) const {
  return JobMap::to_queue(connection_, name_, std::move(on_outcome), std::move(options));
}

std::optional<Item> Queue::get(const GetOptions& options) const {
  Batch batch = get_batch(1, options);
  if (batch.items.empty()) return std::nullopt;
  return std::move(batch.items.front());
}

Batch Queue::get_batch(std::uint32_t max_items, const GetOptions& options) const {
  internal::Taken taken = internal::take(connection_, name_, max_items, options);
  Batch batch{.items = {}, .end_of_queue = taken.end_of_queue};
  batch.items.reserve(taken.items.size());
  for (auto& item : taken.items) batch.items.emplace_back(std::move(item));
  return batch;
}

std::size_t Queue::done_all(std::span<Item> items) const {
  std::size_t ended = 0;
  for (std::size_t from = 0; from < items.size(); from += internal::kMaxBatch) {
    const auto part = items.subspan(from, std::min(internal::kMaxBatch, items.size() - from));
    v1::CompleteRequest request;
    request.set_queue(name_);
    request.set_request_id(connection_->new_request_id());
    for (const Item& item : part) request.add_completions()->set_lease_token(item.token());
    const auto response = connection_->call(request, {});
    for (int i = 0; i < response.results_size(); ++i) {
      part[static_cast<std::size_t>(i)].held_->settle(response.results(i));
      if (response.results(i).error_reason().empty()) ++ended;
    }
  }
  return ended;
}

void Queue::close(bool immediate) const {
  v1::CloseQueueRequest request;
  request.set_queue(name_);
  request.set_immediate(immediate);
  connection_->call(request);
}

void Queue::join(const JoinOptions<QueueInfo>& options) const {
  v1::JoinQueueRequest request;
  request.set_queue(name_);
  *request.mutable_progress_interval() = to_proto(options.progress_interval);
  connection_->join(request, {.wait = options.max_wait, .stop = options.stop, .timeout = Duration::zero()},
                    [&options](const v1::JoinQueueResponse& message) {
                      if (options.progress) options.progress(from_proto(message.queue()));
                    });
}

QueueInfo Queue::stats() const {
  v1::GetQueueRequest request;
  request.set_queue(name_);
  return from_proto(connection_->call(request).queue());
}

QueueInfo Queue::update(const QueueSettings& settings) const {
  v1::UpdateQueueRequest request;
  request.set_queue(name_);
  *request.mutable_settings() = to_proto(settings);
  return from_proto(connection_->call(request).queue());
}

void Queue::pause() const {
  v1::PauseQueueRequest request;
  request.set_queue(name_);
  connection_->call(request);
}

void Queue::resume() const {
  v1::ResumeQueueRequest request;
  request.set_queue(name_);
  connection_->call(request);
}

std::uint64_t Queue::purge() const {
  v1::PurgeQueueRequest request;
  request.set_queue(name_);
  return connection_->call(request).discarded();
}

std::vector<PeekedItem> Queue::peek(const PeekOptions& options) const {
  std::vector<PeekedItem> items;
  v1::PeekRequest request;
  request.set_queue(name_);
  request.set_max_payload_bytes(options.max_payload_bytes);
  if (options.state) request.set_state(to_proto(*options.state));
  while (items.size() < options.max_items) {
    const std::size_t left = options.max_items - items.size();
    request.set_page_size(static_cast<std::uint32_t>(std::min<std::size_t>(left, internal::kPageSize)));
    const auto response = connection_->call(request);
    for (const v1::PeekedItem& item : response.items()) items.push_back(from_proto(item));
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  return items;
}

std::vector<CancelOutcome> Queue::cancel(std::span<const ItemId> items) const {
  std::vector<CancelOutcome> outcomes;
  for (std::size_t from = 0; from < items.size(); from += internal::kMaxBatch) {
    v1::CancelItemsRequest request;
    request.set_queue(name_);
    for (const ItemId id : items.subspan(from, std::min(internal::kMaxBatch, items.size() - from))) request.add_item_ids(id);
    const auto response = connection_->call(request);
    for (const v1::CancelResult& result : response.results()) outcomes.push_back(from_proto(result.outcome()));
  }
  return outcomes;
}

RedriveResult Queue::redrive(const RedriveOptions& options) const {
  RedriveResult sum;
  v1::RedriveItemsRequest request;
  request.set_queue(name_);
  request.set_to(options.to);
  request.set_reason(options.reason);
  std::size_t asked = 0;
  do {
    request.clear_item_ids();
    for (; asked < options.items.size() && static_cast<std::size_t>(request.item_ids_size()) < internal::kPageSize; ++asked) {
      request.add_item_ids(options.items[asked]);
    }
    const auto response = connection_->call(request);
    sum.redriven += response.redriven();
    sum.left_full += response.left_full();
    sum.left_closed += response.left_closed();
    sum.left_homeless += response.left_homeless();
    sum.left_duplicate += response.left_duplicate();
    sum.missing += response.missing();
    request.set_page_token(response.next_page_token());
  } while (asked < options.items.size() || !request.page_token().empty());
  return sum;
}

std::uint64_t Queue::remove(bool force) const {
  v1::DeleteQueueRequest request;
  request.set_queue(name_);
  request.set_force(force);
  return connection_->call(request).discarded();
}

}  // namespace sluice
