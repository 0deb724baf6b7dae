#include "server/engine/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/engine/jobs.h"
#include "server/engine/life.h"
#include "server/engine/special.h"

namespace sluice::engine {
namespace {

bool may_have_a_twin(const model::NewItem& item) {
  return item.options && !(item.options->dedup_key.empty() && item.options->unique_key.empty());
}

// Those that are not put need no room.
PutAnswer admit_with_keys(Step& step, Transfer& transfer, Queue& queue) {
  auto& items = transfer.parts.front().items;
  PutAnswer answer;
  while (transfer.admitted < items.size()) {
    model::NewItem& next = items[transfer.admitted];
    const bool put = !may_have_a_twin(next) || !twin_of(step, queue, *next.options);
    if (put && queue.room() == 0) break;
    const model::ItemId id = put ? step.new_item_ids(1) : model::ItemId{};
    answer.ids.push_back(admit_or_find(step, queue, std::move(next), id));
    ++transfer.admitted;
  }
  answer.first = answer.ids.front();
  answer.count = static_cast<std::uint32_t>(answer.ids.size());
  return answer;
}

PutAnswer admit_in_order(Step& step, Transfer& transfer, Queue& queue) {
  auto& items = transfer.parts.front().items;
  const std::size_t n = std::min(items.size() - transfer.admitted, queue.room());
  const model::ItemId first = step.new_item_ids(n);
  for (std::size_t i = 0; i < n; ++i) {
    admit(step, queue, std::move(items[transfer.admitted++]), model::ItemId{model::number(first) + i});
  }
  return {absl::OkStatus(), first, static_cast<std::uint32_t>(n)};
}

std::uint64_t bytes_of(const Transfer& transfer) {
  std::uint64_t sum = 0;
  for (const auto& part : transfer.parts) {
    for (std::size_t i = transfer.admitted; i < part.items.size(); ++i) sum += part.items[i].body->bytes();
  }
  return sum;
}

bool needs_store(const Step& step, const Transfer& transfer) {
  return std::ranges::any_of(transfer.parts, [&](const auto& part) { return step.tables.find_queue(part.queue)->is_kept(); });
}

// A hand-off may always replace its input by as much, and goes on when the store is full: it is what empties it.
absl::Status check_bytes(const Step& step, const Transfer& transfer) {
  if (step.tables.store_full && transfer.completes == nullptr && needs_store(step, transfer)) {
    return base::error(
        base::Reason::kStoreFull,
        "the server's store is full; nothing was put; let consumers drain it, free disk space, or raise its limit");
  }
  const std::uint64_t freed = transfer.completes != nullptr ? transfer.completes->body_bytes : 0;
  const std::uint64_t added = bytes_of(transfer);
  if (added <= freed || step.tables.bytes - freed + added <= step.tables.options.max_bytes) return absl::OkStatus();
  return base::error(base::Reason::kLimitReached,
                     fmt::format("the server's unfinished items would hold more than {} bytes; try again when some are done",
                                 step.tables.options.max_bytes));
}

// How many of the producer's items after those that come before the transfer's next one are in the queue.
absl::StatusOr<std::uint64_t> ahead_of(const Step& step, const Transfer& transfer, const Queue& queue) {
  const std::uint64_t here = transfer.position + transfer.admitted;
  const auto position = queue.producers ? queue.producers->position(step.now, transfer.producer) : std::nullopt;
  const std::uint64_t known = position.value_or(here);
  if (known >= here) return known - here;
  return base::error(base::Reason::kInvalidValue,
                     fmt::format("producer \"{}\" goes on after {} items, but queue \"{}\" has {} of them; go on from there",
                                 transfer.producer, here, queue.name, known));
}

}  // namespace

absl::Status check_server(const Step& step, const Transfer& transfer) {
  if (transfer.submission) {
    auto status = check_submission(step, *transfer.submission, transfer.parts.front().items.size());
    if (!status.ok()) return status;
  }
  return check_bytes(step, transfer);
}

bool may_have_twins(const Transfer& transfer) {
  return std::ranges::any_of(transfer.parts, [](const auto& part) { return std::ranges::any_of(part.items, may_have_a_twin); });
}

std::size_t needs(const Step& step, const Transfer& transfer, const Transfer::Part& part) {
  if (transfer.one_by_one) return 1;
  if (!transfer.keyed) return part.items.size();
  const Queue* queue = step.tables.find_queue(part.queue);
  const auto is_new = [&](const model::NewItem& item) {
    return !may_have_a_twin(item) || !twin_of(step, *queue, *item.options, transfer.completes);
  };
  return static_cast<std::size_t>(std::ranges::count_if(part.items, is_new));
}

absl::Status no_twins_of_jobs() {
  return base::error(
      base::Reason::kInvalidValue,
      "a submitted item has no dedup_key and no unique_key: each job is one of its own; put it, or leave the key out");
}

model::ItemId admit_or_find(Step& step, Queue& queue, model::NewItem&& item, model::ItemId id, Job* job) {
  if (may_have_a_twin(item)) {
    if (const auto twin = twin_of(step, queue, *item.options)) {
      ++step.count(queue).duplicates;
      return *twin;
    }
  }
  admit(step, queue, std::move(item), id, job);
  return id;
}

PutAnswer admit_what_fits(Step& step, Transfer& transfer, Queue& queue) {
  PutAnswer answer = transfer.keyed ? admit_with_keys(step, transfer, queue) : admit_in_order(step, transfer, queue);
  if (!transfer.producer.empty()) {
    remember_position(step, queue, transfer.producer, transfer.position + transfer.admitted);
  }
  return answer;
}

absl::StatusOr<PutAnswer> claim_producer(Step& step, const Transfer& transfer, Queue& queue) {
  const auto ahead = ahead_of(step, transfer, queue);
  if (!ahead.ok()) return ahead.status();
  claim_position(step, queue, transfer.producer, transfer.position, *transfer.askers.front().caller);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return PutAnswer{.first = model::ItemId{}, .count = static_cast<std::uint32_t>(std::min(*ahead, kMost))};
}

absl::StatusOr<PutAnswer> pass_over(const Step& step, Transfer& transfer, const Queue& queue) {
  if (!queue.producers) return PutAnswer{};
  if (!queue.producers->may_put(step.now, transfer.producer, *transfer.askers.front().caller)) {
    return claimed(transfer.producer);
  }
  const auto ahead = ahead_of(step, transfer, queue);
  if (!ahead.ok()) return ahead.status();
  const auto left = transfer.parts.front().items.size() - transfer.admitted;
  const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(*ahead, left));
  transfer.admitted += there;
  return PutAnswer{.first = model::ItemId{}, .count = static_cast<std::uint32_t>(there)};
}

absl::Status claimed(std::string_view producer) {
  return base::error(
      base::Reason::kInvalidValue,
      fmt::format("another stream goes on with what producer \"{}\" puts; give each producer a name of its own", producer));
}

}  // namespace sluice::engine
