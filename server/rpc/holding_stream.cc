#include "server/rpc/holding_stream.h"

#include <algorithm>
#include <variant>

#include "server/base/errors.h"
#include "server/base/limits.h"

namespace sluice::rpc {

// A client that does not read its answers is not read either.
bool HoldingStream::wants_more() const {
  return ending_leases_ < limits::kMaxStreamCommands && ended_.size() + refused_.size() < limits::kMaxStreamItems;
}

bool HoldingStream::has_answer() const {
  return !items_.empty() || !ended_.empty() || !refused_.empty() || end_of_queue_ == EndOfQueue::kToTell;
}

absl::Status HoldingStream::take(grpc::ByteBuffer& request) {
  auto order = read(request);
  if (!order.ok()) return order.status();
  {
    const Lock lock(mutex_);
    if (order->max_items > 0) max_items_ = order->max_items;
    if (order->max_bytes > 0) max_bytes_ = order->max_bytes;
    leaving_ = leaving_ || order->leaving;
  }
  if (order->leaving) take_back_get();
  report(order->reports);
  settle(*order);
  hand_on(order->completions);
  get();
  return absl::OkStatus();
}

void HoldingStream::report(std::vector<wire::Report>& reports) {
  if (reports.empty()) return;
  {
    const Lock lock(mutex_);
    std::erase_if(reports, [this](const wire::Report& each) { return find_held(each.lease) == nullptr; });
  }
  house().runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    for (auto& [lease, progress] : reports) engine.report(now, queue_, lease, std::move(progress), effects).IgnoreError();
  });
}

void HoldingStream::settle(wire::ConsumerOrder& order) {
  if (order.done.empty() && order.failures.empty() && order.released.empty()) return;
  {
    const Lock lock(mutex_);
    ++ending_leases_;
  }
  house().runtime.run(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) -> absl::StatusOr<Results> {
        Results results;
        results.reserve(order.done.size() + order.failures.size() + order.released.size());
        if (!order.done.empty()) {
          auto finished = engine.finish(now, queue_, order.done, effects);
          if (!finished.ok()) return finished.status();
          for (std::size_t i = 0; i < order.done.size(); ++i) results.emplace_back(order.done[i], std::move((*finished)[i]));
        }
        for (auto& failure : order.failures) {
          const auto lease = failure.lease;
          results.emplace_back(lease, engine.fail(now, std::move(failure), effects));
        }
        for (const auto lease : order.released) results.emplace_back(lease, engine.release(now, queue_, lease, effects));
        return results;
      },
      [this](const absl::StatusOr<Results>& results) {
        const Hold hold(*this);
        {
          const Lock lock(mutex_);
          --ending_leases_;
        }
        if (!results.ok()) return end(results.status());
        note(*results);
        go_further();
      });
}

void HoldingStream::hand_on(std::vector<engine::CompleteCommand>& completions) {
  if (completions.empty()) return;
  std::vector<HandOn*> callers;
  callers.reserve(completions.size());
  {
    const Lock lock(mutex_);
    for (const auto& completion : completions) {
      auto& caller = hand_ons_.emplace_back(*this, completion.lease);
      caller.self = std::prev(hand_ons_.end());
      callers.push_back(&caller);
    }
    ending_leases_ += completions.size();
  }
  house().runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    for (std::size_t i = 0; i < completions.size(); ++i) {
      engine.complete(now, std::move(completions[i]), *callers[i], effects);
    }
  });
  const bool too_late = [this] {
    const Lock lock(mutex_);
    return ending() > End::kHalfClosed;
  }();
  if (too_late) take_back_hand_ons();
}

void HoldingStream::HandOn::answer(engine::Answer&& answer) {
  HoldingStream& owner = stream;
  const model::LeaseId token = lease;
  const Hold hold(owner);
  {
    const Lock lock(owner.mutex_);
    owner.hand_ons_.erase(self);
  }
  owner.handed_on(token, std::get<engine::CompleteAnswer>(answer).status);
}

void HoldingStream::end_of_hand_on(model::LeaseId lease, const absl::Status& status) {
  {
    const Lock lock(mutex_);
    note(lease, status);
    --ending_leases_;
  }
  go_further();
}

void HoldingStream::take_back_hand_ons() {
  // One that is answered meanwhile is gone from the list; so each is looked up anew, under the engine's lock.
  house().runtime.apply([this](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    const Lock lock(mutex_);
    std::erase_if(hand_ons_, [&](HandOn& each) {
      if (!engine.withdraw(now, each, effects)) return false;
      --ending_leases_;
      return true;
    });
  });
}

void HoldingStream::get() {
  engine::GetCommand command;
  {
    const Lock lock(mutex_);
    const std::size_t left = max_bytes_ > held_bytes_ ? max_bytes_ - held_bytes_ : 0;
    if (!may_get() || getting_ || leaving_ || writing() || ending() != End::kNone || !items_.empty() ||
        end_of_queue_ != EndOfQueue::kNotYet)
      return;
    if (held_.size() >= max_items_ || (left == 0 && !held_.empty())) return;
    getting_ = true;
    command.max_items = std::min(max_items_ - static_cast<std::uint32_t>(held_.size()), limits::kMaxDeliveredItems);
    command.max_bytes = std::min(left, limits::kMaxGetBytes);
  }
  command.queue = queue_;
  command.consumer = consumer_;
  command.watch = this;
  complete_get(command);
  house().runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.get(now, std::move(command), get_, effects);
  });
  const bool too_late = [this] {
    const Lock lock(mutex_);
    return getting_ && (leaving_ || ending() != End::kNone);
  }();
  if (too_late) take_back_get();
}

void HoldingStream::take_back_get() {
  if (!house().withdraw(get_)) return;
  const Lock lock(mutex_);
  getting_ = false;
}

void HoldingStream::Get::answer(engine::Answer&& answer) { stream.got(std::move(std::get<engine::GetAnswer>(answer))); }

void HoldingStream::got(engine::GetAnswer&& answer) {
  const Hold hold(*this);
  {
    const Lock lock(mutex_);
    getting_ = false;
    if (answer.end_of_queue) end_of_queue_ = EndOfQueue::kToTell;
    const auto early = std::exchange(revoked_early_, {});
    for (auto& item : answer.items) {
      if (std::ranges::find(early, item.lease) != early.end()) continue;
      held_bytes_ += item.body->bytes();
      held_.emplace(model::number(item.lease), held_of(item));
      items_.push_back(std::move(item));
    }
  }
  if (!answer.status.ok()) return end(answer.status);
  go_further();
}

void HoldingStream::note(const Results& results) {
  const Lock lock(mutex_);
  for (const auto& [lease, status] : results) note(lease, status);
}

void HoldingStream::note(model::LeaseId lease, const absl::Status& status) {
  if (status.ok()) {
    ended_.push_back(lease);
  } else {
    refused_.emplace_back(lease, status);
    if (keeps(status)) return;
  }
  forget(lease);
}

void HoldingStream::forget(model::LeaseId lease) {
  const auto held = held_.find(model::number(lease));
  if (held == held_.end()) return;
  held_bytes_ -= held->second.bytes;
  held_.erase(held);
}

const HoldingStream::Held* HoldingStream::find_held(model::LeaseId lease) const {
  const auto held = held_.find(model::number(lease));
  return held == held_.end() ? nullptr : &held->second;
}

grpc::ByteBuffer HoldingStream::answer_next() {
  News news;
  {
    const Lock lock(mutex_);
    news.items.swap(items_);
    news.ended.swap(ended_);
    news.refused.swap(refused_);
    if (end_of_queue_ == EndOfQueue::kToTell) {
      end_of_queue_ = EndOfQueue::kTold;
      news.end_of_queue = true;
    }
  }
  return tell(std::move(news));
}

// The lease is still counted as held, or its answer is under way, so the stream lives. It lives on until it is told.
void HoldingStream::revoked(model::LeaseId lease) {
  const Lock lock(mutex_);
  ++ending_leases_;
  revoked_.push_back(lease);
}

void HoldingStream::told() {
  const Hold hold(*this);
  {
    const Lock lock(mutex_);
    --ending_leases_;
    for (const model::LeaseId lease : std::exchange(revoked_, {})) {
      if (find_held(lease) == nullptr) {
        // Its item is still being read for the answer.
        if (getting_) revoked_early_.push_back(lease);
      } else if (std::erase_if(items_, [lease](const model::Delivery& item) { return item.lease == lease; }) > 0) {
        // The client has never heard of it.
        forget(lease);
      } else {
        note(lease, base::error(base::Reason::kLeaseLost, "the item was cancelled; stop working on it"));
      }
    }
  }
  go_further();
}

void HoldingStream::let_go(End how) {
  take_back_get();
  if (how > End::kHalfClosed) take_back_hand_ons();
  give_back();
}

void HoldingStream::give_back() {
  std::vector<model::LeaseId> delivered;
  std::vector<model::LeaseId> kept;  // that never left the server
  {
    const Lock lock(mutex_);
    if (ending() == End::kNone || getting_ || ending_leases_ > 0 || (held_.empty() && !must_leave())) return;
    for (const auto& item : items_) {
      if (held_.erase(model::number(item.lease)) > 0) kept.push_back(item.lease);
    }
    items_.clear();
    auto& others = leaving_ || ending() == End::kEnded ? kept : delivered;
    for (const auto& [lease, held] : held_) others.push_back(model::LeaseId{lease});
    held_.clear();
    held_bytes_ = 0;
    ++ending_leases_;
  }
  // The order of the queue comes back as it was: the last one first to its head.
  std::ranges::sort(kept, std::ranges::greater{});
  house().runtime.run(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
        for (const auto lease : kept) (void)engine.release(now, queue_, lease, effects);
        auto lost = engine.lose(now, queue_, delivered, effects);
        leave(engine, now, effects);
        return lost;
      },
      [this](const absl::Status&) {
        const Hold hold(*this);
        {
          const Lock lock(mutex_);
          --ending_leases_;
        }
        go_further();
      });
}

void HoldingStream::go_further() {
  get();
  give_back();
  go_on(Lock(mutex_));
}

}  // namespace sluice::rpc
