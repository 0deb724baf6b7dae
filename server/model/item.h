// What a queue holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/model/failure.h"
#include "server/model/ids.h"

namespace sluice::model {

// Sorted by key, keys unique. A vector, because most items have none and few have many.
using Attributes = std::vector<std::pair<std::string, std::string>>;

// The part of an item that never changes. Shared between the queue, the journal and the answers that carry it.
struct Body {
  std::string payload;
  Attributes attributes;

  // What the body counts against the byte limits.
  [[nodiscard]] std::size_t bytes() const;
  bool operator==(const Body&) const = default;
};
using BodyPtr = std::shared_ptr<const Body>;

// What few items have, apart from what all have: an item without any of it costs nothing for it. Never changed while it is
// shared; whoever wants it otherwise makes another one. Keys are empty where there is none.
struct ItemOptions {
  // When the item is put: not handed out before, as a delay is.
  base::Time not_before{};
  // How long the item may wait and be delayed from its put on. 0: as long as its queue says.
  base::Duration time_to_live{0};
  // The end of that time, set by the engine.
  base::Time expires = base::kNever;
  // No second item with this key is put within the window from the put of the first. 0: the queue's window.
  std::string dedup_key;
  base::Duration dedup_window{0};
  // At most one unfinished item of its queue has it.
  std::string unique_key;
  // Items of one key are handed out one at a time, and in order.
  std::string order_key;
  // Of a dead letter: the queue that it comes from. Set by the engine. Nothing of the above is in force there.
  std::string dead_from;

  bool operator==(const ItemOptions&) const = default;
};
using ItemOptionsPtr = std::shared_ptr<const ItemOptions>;

// An item to be put.
struct NewItem {
  BodyPtr body;
  std::int64_t priority = 0;
  base::Duration delay{0};
  ItemOptionsPtr options;  // null: none
};

// An item as its consumer gets it.
struct Delivery {
  ItemId item{};
  LeaseId lease{};
  BodyPtr body;  // null: to be fetched from the journal
  std::int64_t priority = 0;
  std::uint32_t attempt = 0;  // 1 at the first delivery
  base::Time put_time{};
  base::Time lease_expires{};
  std::shared_ptr<const Failure> last_failure;  // null at the first
  JobId job{};                                  // none: it was put, not submitted
};

}  // namespace sluice::model
