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

// An item to be put.
struct NewItem {
  BodyPtr body;
  std::int64_t priority = 0;
  base::Duration delay{0};
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
};

}  // namespace sluice::model
