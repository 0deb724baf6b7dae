#include "client/src/held_item.h"

#include <utility>

#include "client/src/convert.h"
#include "client/src/raise.h"

namespace sluice::internal {
namespace {

constexpr const char* kTraceparent = "traceparent";
constexpr const char* kTracestate = "tracestate";
constexpr std::size_t kMaxAttributes = 64;  // of an item

std::shared_ptr<Lease> make_lease(std::string queue, LeaseToken token, std::optional<Duration> duration) {
  auto lease = std::make_shared<Lease>();
  lease->queue = std::move(queue);
  lease->token = token;
  lease->duration = duration;
  return lease;
}

// What comes of an item belongs to the same trace, unless it says otherwise.
void inherit_trace(const Attributes& from, google::protobuf::Map<std::string, std::string>& to) {
  const auto parent = from.find(kTraceparent);
  if (parent == from.end() || to.contains(kTraceparent) || to.size() + 2 > kMaxAttributes) return;
  to[kTraceparent] = parent->second;
  const auto state = from.find(kTracestate);
  if (state != from.end()) to[kTracestate] = state->second;
}

}  // namespace

HeldItem::HeldItem(std::shared_ptr<Connection> connection, std::string queue, v1::LeasedItem&& item, const GetOptions& options)
    : id(item.item_id()),
      payload(std::move(*item.mutable_payload())),
      attributes(item.attributes().begin(), item.attributes().end()),
      priority(item.priority()),
      attempt(item.attempt()),
      put_time(from_unix_micros(item.put_time_us())),
      lease_expire_time(from_unix_micros(item.lease_expire_time_us())),
      last_failure(item.has_last_failure() ? std::optional(from_proto(item.last_failure())) : std::nullopt),
      connection_(std::move(connection)),
      lease_(make_lease(std::move(queue), item.lease_token(), options.lease_duration)) {
  if (!options.keep_leased) return;
  const auto left = lease_expire_time - std::chrono::system_clock::now();
  connection_->keeper().keep(lease_, std::chrono::duration_cast<Duration>(left));
}

HeldItem::~HeldItem() { connection_->keeper().let_go(lease_); }

void HeldItem::settle(const v1::LeaseResult& result) {
  // Once let go, the keeper does not touch the lease any more.
  if (result.error_reason().empty()) {
    connection_->keeper().let_go(lease_);
    ended_ = true;
    lease_->lost = false;
  } else if (result.error_reason() == "LEASE_LOST") {
    connection_->keeper().let_go(lease_);
    lease_->lost = !ended_;
  }
}

void HeldItem::settle_or_raise(const google::protobuf::RepeatedPtrField<v1::LeaseResult>& results) {
  if (results.size() != 1) raise(Code::kInternal, "INTERNAL", "the server's answer has no result for the item");
  settle(results[0]);
  if (!results[0].error_reason().empty()) raise(results[0].error_reason(), results[0].error_message());
}

void HeldItem::done(const std::vector<Output>& outputs, const DoneOptions& options) {
  v1::CompleteRequest request;
  request.set_queue(queue());
  if (unanswered_.empty()) unanswered_ = connection_->new_request_id();
  request.set_request_id(unanswered_);
  v1::Completion& completion = *request.add_completions();
  completion.set_lease_token(token());
  for (const Output& output : outputs) {
    v1::Output& to = *completion.add_outputs();
    to.set_queue(output.queue);
    *to.mutable_item() = to_proto(output.item);
    inherit_trace(attributes, *to.mutable_item()->mutable_attributes());
  }
  // Without outputs there is nothing to wait for.
  const std::optional<Duration> wait = outputs.empty() ? Duration::zero() : options.max_wait;
  const auto response = connection_->call(request, {.wait = wait, .stop = options.stop});
  unanswered_.clear();
  settle_or_raise(response.results());
}

void HeldItem::fail(const Failure& failure, const FailOptions& options) {
  v1::FailRequest request;
  request.set_queue(queue());
  request.set_request_id(connection_->new_request_id());
  v1::FailedLease& lease = *request.add_leases();
  lease.set_lease_token(token());
  *lease.mutable_failure() = to_proto(failure);
  lease.set_do_not_retry(options.do_not_retry);
  if (options.retry_delay) *lease.mutable_retry_delay() = to_proto(*options.retry_delay);
  settle_or_raise(connection_->call(request).results());
}

void HeldItem::release() {
  v1::ReleaseRequest request;
  request.set_queue(queue());
  request.add_lease_tokens(token());
  settle_or_raise(connection_->call(request).results());
}

void HeldItem::extend(std::optional<Duration> lease_duration) {
  v1::ExtendRequest request;
  request.set_queue(queue());
  request.add_lease_tokens(token());
  if (lease_duration) *request.mutable_lease_duration() = to_proto(*lease_duration);
  const auto response = connection_->call(request);
  if (response.results_size() != 1) raise(Code::kInternal, "INTERNAL", "the server's answer has no result for the item");
  const v1::LeaseResult& result = response.results(0);
  if (result.error_reason() == "LEASE_LOST") settle(result);
  if (!result.error_reason().empty()) raise(result.error_reason(), result.error_message());
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
    taken.items.push_back(std::make_unique<HeldItem>(connection, queue, std::move(item), options));
  }
  return taken;
}

}  // namespace sluice::internal
