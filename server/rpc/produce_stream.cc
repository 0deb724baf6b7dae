#include "server/rpc/produce_stream.h"

#include <iterator>
#include <utility>
#include <variant>

#include "server/base/limits.h"
#include "server/rpc/bytes.h"
#include "server/wire/streams.h"
#include "server/wire/trace.h"

namespace sluice::rpc {
namespace {

// Behind the last ones, in the same range if they follow on them.
void add_ids(model::ItemId first, std::uint32_t count, v1::ProduceResponse& response) {
  const std::uint64_t id = model::number(first);
  auto* last = response.item_ids_size() > 0 ? response.mutable_item_ids(response.item_ids_size() - 1) : nullptr;
  const bool follows = last != nullptr && last->first() != 0 && last->first() + last->count() == id;
  if (follows) return last->set_count(last->count() + count);
  auto& range = *response.add_item_ids();
  range.set_first(id);
  range.set_count(count);
}

}  // namespace

// A client that does not read its answers is not read either.
bool ProduceStream::wants_more() const {
  return gathered_.size() < limits::kMaxProducedItems && gathered_bytes_ < limits::kMaxProducedBytes &&
         static_cast<std::size_t>(next_.item_ids_size()) < limits::kMaxProducedItems;
}

absl::Status ProduceStream::take(grpc::ByteBuffer& request) {
  v1::ProduceRequest message;
  if (auto status = parse(request, message); !status.ok()) return status;
  if (trace_) wire::give(*trace_, *message.mutable_items());
  auto produced = wire::produced_of(std::move(message), queue_);
  if (!produced.ok()) return produced.status();
  const bool first = queue_.empty();
  queue_ = std::move(produced->queue);
  if (first) producer_ = std::move(produced->producer);
  {
    const Lock lock(mutex_);
    if (first) {
      position_ = produced->position;
      claims_ = !producer_.empty();
      asks_ = claims_ && produced->items.empty();
    }
    gathered_bytes_ += produced->bytes;
    if (gathered_.empty()) {
      gathered_ = std::move(produced->items);
    } else {
      gathered_.insert(gathered_.end(), std::make_move_iterator(produced->items.begin()),
                       std::make_move_iterator(produced->items.end()));
    }
  }
  put();
  return absl::OkStatus();
}

bool ProduceStream::next_command(engine::PutCommand& command) {
  const Lock lock(mutex_);
  if (putting_ || ending() > End::kHalfClosed || !(claims_ || has_items_to_put())) return false;
  putting_ = true;
  command.position = position_;
  if (claims_) return true;
  command.items = std::exchange(gathered_, {});
  gathered_bytes_ = 0;
  position_ += command.items.size();
  return true;
}

void ProduceStream::put() {
  engine::PutCommand command;
  if (!next_command(command)) return;
  command.producer = producer_;
  command.queue = queue_;
  command.one_by_one = true;
  house().runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.put(now, std::move(command), *this, effects);
  });
  const bool too_late = [this] {
    const Lock lock(mutex_);
    return putting_ && ending() > End::kHalfClosed;
  }();
  if (too_late) take_back_put();
}

void ProduceStream::note(const engine::PutAnswer& answer) {
  const bool claimed = std::exchange(claims_, false);
  // What came with the first message is put, or passed over, and acknowledged then.
  if (claimed && !asks_) return;
  if (claimed) position_ += answer.count;
  if (answer.count == 0 && !claimed) return;
  said_ = false;
  next_.set_acknowledged(next_.acknowledged() + answer.count);
  if (answer.count > 0 && answer.ids.empty()) add_ids(answer.first, answer.count, next_);
  for (const model::ItemId id : answer.ids) add_ids(id, 1, next_);
}

void ProduceStream::answer(engine::Answer&& answer) {
  const Hold hold(*this);
  const auto& put_answer = std::get<engine::PutAnswer>(answer);
  {
    const Lock lock(mutex_);
    note(put_answer);
    if (!put_answer.more) putting_ = false;
  }
  if (!put_answer.status.ok()) return end(put_answer.status);
  if (!put_answer.more) put();
  go_on(Lock(mutex_));
}

grpc::ByteBuffer ProduceStream::answer_next() {
  v1::ProduceResponse message;
  {
    const Lock lock(mutex_);
    said_ = true;
    message.set_acknowledged(next_.acknowledged());
    message.mutable_item_ids()->Swap(next_.mutable_item_ids());
  }
  return serialize(message);
}

void ProduceStream::let_go(End how) {
  if (how > End::kHalfClosed) take_back_put();
}

void ProduceStream::take_back_put() {
  if (!house().withdraw(*this)) return;
  const Lock lock(mutex_);
  putting_ = false;
}

}  // namespace sluice::rpc
