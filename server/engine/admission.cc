#include "server/engine/admission.h"

#include <algorithm>

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

}  // namespace

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
  if (transfer.keyed) return admit_with_keys(step, transfer, queue);
  auto& items = transfer.parts.front().items;
  const std::size_t n = std::min(items.size() - transfer.admitted, queue.room());
  const model::ItemId first = step.new_item_ids(n);
  for (std::size_t i = 0; i < n; ++i) {
    admit(step, queue, std::move(items[transfer.admitted++]), model::ItemId{model::number(first) + i});
  }
  return {absl::OkStatus(), first, static_cast<std::uint32_t>(n)};
}

}  // namespace sluice::engine
