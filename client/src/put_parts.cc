#include "client/src/put_parts.h"

#include <utility>

#include "client/src/limits.h"
#include "client/src/parts.h"
#include "client/src/raise.h"
#include "sluice/error.h"

namespace sluice::internal {
namespace {

// What an item takes in a request besides its own bytes: a tag and a length.
constexpr std::size_t kFrameBytes = 8;

std::uint32_t capacity_of(Connection& connection, const std::string& queue, std::stop_token stop) {
  v1::GetQueueRequest request;
  request.set_queue(queue);
  return connection.call(request, {.stop = std::move(stop)}).queue().settings().capacity();
}

// Asks once more under the same name, without waiting: a put that was admitted after all is answered, one that was not is
// either admitted now or refused.
v1::PutResponse settle(Connection& connection, v1::PutRequest& request) {
  try {
    return connection.call(request, {.wait = Duration::zero(), .timeout = kSettleTime, .repeat = false});
  } catch (const QueueFull&) {
  } catch (const QueueClosed&) {
  } catch (const NotFound&) {
  } catch (const Error&) {
    raise(Code::kCancelled, "CANCELLED", "stopped; whether the items were put is not known", {{"outcome", "unknown"}});
  }
  raise(Code::kCancelled, "CANCELLED", "stopped while waiting for room");
}

}  // namespace

v1::PutResponse put_once(Connection& connection, v1::PutRequest& request, std::optional<Duration> max_wait,
                         const std::stop_token& stop) {
  if (stop.stop_requested()) raise(Code::kCancelled, "CANCELLED", "stopped before anything was put");
  request.set_request_id(connection.new_request_id());
  try {
    return connection.call(request, {.wait = max_wait, .stop = stop});
  } catch (const Cancelled&) {
    return settle(connection, request);
  }
}

std::vector<ItemId> put_parts(Connection& connection, const std::string& queue, std::vector<v1::NewItem>&& items,
                              const PutAllOptions& options) {
  std::vector<std::size_t> sizes;
  sizes.reserve(items.size());
  for (const v1::NewItem& item : items) sizes.push_back(item.ByteSizeLong() + kFrameBytes);

  std::vector<ItemId> ids;
  ids.reserve(items.size());
  PartLimits limits{.items = kMaxBatch, .bytes = kMaxPartBytes};
  while (ids.size() < items.size()) {
    v1::PutRequest request;
    request.set_queue(queue);
    const std::size_t first = ids.size();
    const std::size_t count = first_part(std::span(sizes).subspan(first), limits);
    for (std::size_t i = 0; i < count; ++i) request.add_items()->Swap(&items[first + i]);
    try {
      const auto response = put_once(connection, request, options.max_wait, options.stop);
      ids.insert(ids.end(), response.item_ids().begin(), response.item_ids().end());
    } catch (const InvalidArgument& error) {
      if (error.reason() != "BATCH_TOO_LARGE" || count == 1) throw;
      for (std::size_t i = 0; i < count; ++i) request.mutable_items(static_cast<int>(i))->Swap(&items[first + i]);
      limits.items = std::min(part_items(capacity_of(connection, queue, options.stop)), count - 1);
      continue;
    }
    if (options.progress) options.progress(ids.size());
  }
  return ids;
}

}  // namespace sluice::internal
