#include "server/runtime/bodies.h"

#include <algorithm>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "server/base/errors.h"

namespace sluice::runtime {
namespace {

using base::Reason;

model::ItemId id_of(const model::Delivery& item) { return item.item; }
model::ItemId id_of(const engine::PeekedItem& item) { return item.id; }

template <class Item>
bool lacks_body(const Item& item) {
  return item.body == nullptr;
}

}  // namespace

void Bodies::start() {
  const std::lock_guard lock(mutex_);
  running_ = true;
  thread_ = std::thread([this] { work(); });
}

void Bodies::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Bodies::give(engine::Caller& caller, engine::Answer&& answer) {
  auto* got = std::get_if<engine::GetAnswer>(&answer);
  if (got == nullptr || std::ranges::none_of(got->items, lacks_body<model::Delivery>)) return caller.answer(std::move(answer));
  later([this, &caller, got = std::move(*got)]() mutable {
    // A lease that stands is a right to an item that stands.
    auto status = fetch(got.items, [this](const model::Delivery& item) { return is_leased_(item.lease); });
    if (!status.ok()) got = {std::move(status), {}, false};
    caller.answer(std::move(got));
  });
}

void Bodies::give(PeekedPage&& page, Then then) {
  if (std::ranges::none_of(page.items, lacks_body<engine::PeekedItem>)) return then(std::move(page));
  later([this, page = std::move(page), then = std::move(then)]() mutable {
    auto status = fetch(page.items, [](const engine::PeekedItem&) { return false; });
    if (status.ok()) return then(std::move(page));
    then(std::move(status));
  });
}

void Bodies::later(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (running_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
  }
  job();
}

void Bodies::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !jobs_.empty() || !running_; });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

template <class Item, class IsLost>
absl::Status Bodies::fetch(std::vector<Item>& items, IsLost is_lost) {
  std::vector<model::ItemId> missing;
  for (const Item& item : items) {
    if (lacks_body(item)) missing.push_back(id_of(item));
  }
  auto bodies = journal_.read_bodies(missing);
  if (!bodies.ok()) return failed(bodies.status());
  auto next = bodies->begin();
  for (Item& item : items) {
    if (!lacks_body(item)) continue;
    item.body = std::move(*next++);
    if (item.body) {
      ++items_read_;
      bytes_read_ += item.body->bytes();
    } else if (is_lost(item)) {
      return failed(
          base::error(Reason::kStoreDamaged,
                      fmt::format("the store has no payload of item {} any more, which is unfinished; restore a backup",
                                  number(id_of(item)))));
    }
  }
  std::erase_if(items, lacks_body<Item>);
  return absl::OkStatus();
}

absl::Status Bodies::failed(const absl::Status& status) {
  on_failed_(status);
  return base::error(Reason::kStoreFailed, fmt::format("the store failed: {}", std::string(status.message())));
}

}  // namespace sluice::runtime
