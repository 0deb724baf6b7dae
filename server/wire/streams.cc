#include "server/wire/streams.h"

#include <fmt/format.h>

#include <utility>

#include "server/wire/ending.h"
#include "server/wire/item.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr Field kRequest;

// The queue of a stream: named by its first message, and by no other.
std::string read_queue(Reader& reader, const std::string& named, const std::string& queue) {
  if (queue.empty()) return reader.name({kRequest, "queue"}, named);
  if (!named.empty() && named != queue) {
    reader.complain(Reason::kInvalidValue, {kRequest, "queue"},
                    fmt::format("is {}, but the stream is for {}; open another stream", in_quotes(named), in_quotes(queue)));
  }
  return queue;
}

void check_size(Reader& reader, std::string_view field, int size) {
  const auto most = static_cast<int>(limits::kMaxBatch);
  if (size <= most) return;
  reader.complain(Reason::kInvalidValue, {kRequest, field}, fmt::format("has {} entries; at most {} are allowed", size, most));
}

std::vector<model::LeaseId> read_tokens(Reader& reader, std::string_view field,
                                        const google::protobuf::RepeatedField<std::uint64_t>& tokens) {
  std::vector<model::LeaseId> leases;
  check_size(reader, field, tokens.size());
  if (!reader.ok()) return leases;
  leases.reserve(static_cast<std::size_t>(tokens.size()));
  for (const std::uint64_t token : tokens) leases.push_back(model::LeaseId{token});
  return leases;
}

void read_producer(Reader& reader, const v1::ProduceRequest& request, bool first, Produced& produced) {
  produced.producer = reader.text({kRequest, "producer_id"}, request.producer_id(), limits::kMaxRequestIdBytes);
  produced.position = reader.number({kRequest, "position"}, request.position(), std::uint64_t{0}, limits::kMaxProducerPosition);
  if (!first && !produced.producer.empty()) {
    reader.complain(Reason::kInvalidValue, {kRequest, "producer_id"},
                    "is for the first message of a stream; open another stream");
  }
  if (produced.producer.empty() && produced.position != 0) {
    reader.complain(Reason::kInvalidValue, {kRequest, "position"}, "is of no use without a producer_id in the same message");
  }
}

}  // namespace

absl::StatusOr<Produced> produced_of(v1::ProduceRequest&& request, const std::string& queue) {
  Reader reader;
  Produced produced;
  produced.queue = read_queue(reader, request.queue(), queue);
  read_producer(reader, request, queue.empty(), produced);
  check_size(reader, "items", request.items_size());
  if (reader.ok()) produced.items.reserve(static_cast<std::size_t>(request.items_size()));
  for (int i = 0; i < request.items_size() && reader.ok(); ++i) {
    const Field field(kRequest, "items", static_cast<std::size_t>(i));
    produced.items.push_back(read_new_item(reader, field, *request.mutable_items(i)));
    produced.bytes += produced.items.back().body->bytes();
  }
  if (!reader.ok()) return reader.status();
  return produced;
}

absl::StatusOr<ConsumerOrder> order_of(v1::ConsumeRequest&& request, const std::string& queue) {
  Reader reader;
  ConsumerOrder order;
  order.queue = read_queue(reader, request.queue(), queue);
  order.consumer = reader.text({kRequest, "consumer"}, request.consumer(), limits::kMaxConsumerNameBytes);
  order.max_items = reader.number({kRequest, "max_items"}, request.max_items(), 0U, limits::kMaxStreamItems);
  order.max_bytes = request.max_bytes();
  order.leaving = request.leaving();
  order.done = read_tokens(reader, "done", request.done());
  order.released = read_tokens(reader, "released", request.released());
  check_size(reader, "completions", request.completions_size());
  check_size(reader, "failures", request.failures_size());
  check_size(reader, "reports", request.reports_size());
  if (reader.ok()) order.reports = reports_of(request.reports());
  if (reader.ok()) check_outputs(reader, request.completions());
  for (int i = 0; i < request.completions_size() && reader.ok(); ++i) {
    const Field field(kRequest, "completions", static_cast<std::size_t>(i));
    auto& command = order.completions.emplace_back();
    command.queue = order.queue;
    read_completion(reader, field, *request.mutable_completions(i), command);
  }
  for (int i = 0; i < request.failures_size() && reader.ok(); ++i) {
    const Field field(kRequest, "failures", static_cast<std::size_t>(i));
    auto& command = order.failures.emplace_back();
    command.queue = order.queue;
    read_failed_lease(reader, field, request.failures(i), command);
  }
  if (!reader.ok()) return reader.status();
  return order;
}

}  // namespace sluice::wire
