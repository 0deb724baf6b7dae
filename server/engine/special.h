// Items with options: what comes into force when such an item enters a queue, and ends when it leaves.
#pragma once

#include <optional>

#include "server/engine/tables.h"

namespace sluice::engine {

// The options with which an item that is put into `queue` now goes there: with the end of its time, its own or the queue's.
// Null if there are none.
[[nodiscard]] model::ItemOptionsPtr options_for(const Queue& queue, model::ItemOptionsPtr given, base::Time now);
// Those of one that becomes a dead letter of `from` in `to`, and of one that comes back from there to `to`.
[[nodiscard]] model::ItemOptionsPtr options_of_dead(const Item& item, const Queue& from, const Queue& to, base::Time now);
[[nodiscard]] model::ItemOptionsPtr options_of_redriven(const Item& item, const Queue& to, base::Time now);

// The item, not placed yet, has come into its queue, or out of all places is about to leave it.
void enter(Tables& tables, Item& item);
void leave(Tables& tables, Item& item);

// Its time to live is over.
[[nodiscard]] inline bool is_over(const Item& item, base::Time now) { return item.special && item.options->expires <= now; }

// The item that is there in place of a new one with such options; none if a new one is to be put.
// `leaving`: does not count, because it ends in the same step; null: nobody.
[[nodiscard]] std::optional<model::ItemId> twin_of(const Step& step, const Queue& queue, const model::ItemOptions& options,
                                                   const Item* leaving = nullptr);
// Remembers the deduplication key of an item that is being put, if it has one.
void remember_key(Step& step, const Item& item);
void forget_keys(Step& step, QueueKeys& keys);

}  // namespace sluice::engine
