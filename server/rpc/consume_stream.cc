#include "server/rpc/consume_stream.h"

#include <utility>

#include "server/base/errors.h"
#include "server/rpc/bytes.h"
#include "server/wire/commands.h"
#include "server/wire/item.h"

namespace sluice::rpc {

absl::StatusOr<wire::ConsumerOrder> ConsumeStream::read(grpc::ByteBuffer& request) {
  v1::ConsumeRequest message;
  if (auto status = parse(request, message); !status.ok()) return status;
  auto order = wire::order_of(std::move(message), queue_);
  if (order.ok() && queue_.empty()) {
    queue_ = order->queue;
    consumer_ = order->consumer;
  }
  return order;
}

grpc::ByteBuffer ConsumeStream::tell(News news) {
  v1::ConsumeResponse message;
  message.set_end_of_queue(news.end_of_queue);
  message.mutable_items()->Reserve(static_cast<int>(news.items.size()));
  for (const auto& delivery : news.items) wire::fill(delivery, *message.add_items());
  message.mutable_ended()->Reserve(static_cast<int>(news.ended.size()));
  for (const auto lease : news.ended) message.add_ended(model::number(lease));
  for (const auto& [lease, status] : news.refused) wire::fill(lease, status, *message.add_refused());
  return serialize(message);
}

bool ConsumeStream::keeps(const absl::Status& refusal) const { return !base::is(refusal, base::Reason::kLeaseLost); }

}  // namespace sluice::rpc
