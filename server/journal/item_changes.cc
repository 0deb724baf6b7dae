#include "server/journal/item_changes.h"

#include <algorithm>

namespace sluice::journal {

using model::number;

void ItemChanges::add(const model::ItemRecord& record) { entries_.push_back({number(record.id), &record}); }

void ItemChanges::add(const model::ItemErased& erased) { entries_.push_back({number(erased.id), nullptr}); }

void ItemChanges::sort() { std::ranges::stable_sort(entries_, {}, &Entry::id); }

bool ItemChanges::fold(std::vector<Entry>::iterator& entry, Change& change) const {
  change.id = entry->id;
  bool known = false;  // what `fresh` is
  for (; entry != entries_.end() && entry->id == change.id; ++entry) {
    // An item's first record ever is the one that has its body.
    if (!known) change.fresh = entry->state != nullptr && entry->state->body != nullptr;
    change.state = entry->state;
    if (entry->state == nullptr) {
      change.body = nullptr;
      known = !change.fresh;
    } else {
      if (entry->state->body) change.body = entry->state->body.get();
      known = true;
    }
  }
  return change.state != nullptr || !change.fresh;
}

}  // namespace sluice::journal
