#include "client/src/held_item.h"

#include <utility>

#include "client/src/convert.h"
#include "client/src/raise.h"
#include "client/src/reporter.h"

namespace sluice::internal {
namespace {

constexpr const char* kTraceparent = "traceparent";
constexpr const char* kTracestate = "tracestate";
constexpr std::size_t kMaxAttributes = 64;  // of an item

// What comes of an item belongs to the same trace, unless it says otherwise.
void inherit_trace(const Attributes& from, google::protobuf::Map<std::string, std::string>& to) {
  const auto parent = from.find(kTraceparent);
  if (parent == from.end() || to.contains(kTraceparent) || to.size() + 2 > kMaxAttributes) return;
  to[kTraceparent] = parent->second;
  const auto state = from.find(kTracestate);
  if (state != from.end()) to[kTracestate] = state->second;
}

std::unique_ptr<HeldItem> leased_item(const std::shared_ptr<Connection>& connection, const std::string& queue,
                                      v1::LeasedItem&& item, const GetOptions& options) {
  auto lease = std::make_shared<Lease>();
  lease->queue = queue;
  lease->token = item.lease_token();
  lease->duration = options.lease_duration;
  auto hold = std::make_unique<LeasedHold>(connection, std::move(lease));
  if (options.keep_leased) {
    const auto left = from_unix_micros(item.lease_expire_time_us()) - std::chrono::system_clock::now();
    hold->keep(std::chrono::duration_cast<Duration>(left));
  }
  return std::make_unique<HeldItem>(std::move(hold), std::move(item));
}

}  // namespace

HeldItem::HeldItem(std::unique_ptr<Hold> hold, v1::LeasedItem&& item)
    : id(item.item_id()),
      payload(std::move(*item.mutable_payload())),
      attributes(item.attributes().begin(), item.attributes().end()),
      priority(item.priority()),
      attempt(item.attempt()),
      put_time(from_unix_micros(item.put_time_us())),
      lease_expire_time(from_unix_micros(item.lease_expire_time_us())),
      last_failure(item.has_last_failure() ? std::optional(from_proto(item.last_failure())) : std::nullopt),
      hold_(std::move(hold)) {}

void HeldItem::settle(const v1::LeaseResult& result) {
  // Once let go, nobody else touches the lease any more.
  if (result.error_reason().empty()) {
    hold_->let_go();
    ended_ = true;
    hold_->set_lost(false);
  } else if (result.error_reason() == "LEASE_LOST") {
    hold_->let_go();
    hold_->set_lost(!ended_);
  }
}

void HeldItem::settle_or_raise(const v1::LeaseResult& result) {
  settle(result);
  if (!result.error_reason().empty()) raise(result.error_reason(), result.error_message());
}

void HeldItem::done(const std::vector<Output>& outputs, const DoneOptions& options, std::optional<std::string> result) {
  if (outputs.empty() && !result) return settle_or_raise(hold_->done());
  v1::Completion completion;
  if (result) completion.set_result(*std::move(result));
  for (const Output& output : outputs) {
    v1::Output& to = *completion.add_outputs();
    to.set_queue(output.queue);
    *to.mutable_item() = to_proto(output.item);
    inherit_trace(attributes, *to.mutable_item()->mutable_attributes());
  }
  settle_or_raise(hold_->hand_on(std::move(completion), options));
}

void HeldItem::fail(const Failure& failure, const FailOptions& options) {
  v1::FailedLease lease;
  *lease.mutable_failure() = to_proto(failure);
  lease.set_do_not_retry(options.do_not_retry);
  if (options.retry_delay) *lease.mutable_retry_delay() = to_proto(*options.retry_delay);
  settle_or_raise(hold_->fail(std::move(lease)));
}

void HeldItem::release() { settle_or_raise(hold_->release()); }

void HeldItem::extend(std::optional<Duration> lease_duration) {
  const v1::LeaseResult result = hold_->extend(lease_duration);
  if (result.error_reason() == "LEASE_LOST") settle(result);
  if (!result.error_reason().empty()) raise(result.error_reason(), result.error_message());
}

void HeldItem::progress(std::optional<double> fraction, std::string_view message) {
  if (!ended()) hold_->report(to_proto(fraction, message));
}

Taken take(const std::shared_ptr<Connection>& connection, const std::string& queue, std::uint32_t max_items,
           const GetOptions& options) {
  v1::GetRequest request;
  request.set_queue(queue);
  request.set_max_items(max_items);
  if (options.lease_duration) *request.mutable_lease_duration() = to_proto(*options.lease_duration);
  request.set_consumer(connection->options().consumer);
  v1::GetResponse response = connection->call(request, {.wait = options.max_wait, .stop = options.stop});
  Taken taken{.items = {}, .end_of_queue = response.end_of_queue()};
  taken.items.reserve(static_cast<std::size_t>(response.items_size()));
  for (v1::LeasedItem& item : *response.mutable_items()) {
    taken.items.push_back(leased_item(connection, queue, std::move(item), options));
  }
  return taken;
}

}  // namespace sluice::internal
