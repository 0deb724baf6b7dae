// Values by name, each until its time is over.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/node_hash_map.h"
#include "server/base/clock.h"

namespace sluice::engine {

// Knows no clock: what is over stays until it is taken. Iterates over pairs of a name and an Entry, in no order.
template <class Value>
class Expiring {
 public:
  struct Entry {
    base::Time expires{};
    Value value{};
  };

  // Null if there is none, or it is over.
  [[nodiscard]] const Entry* find(base::Time now, const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() || found->second.expires <= now ? nullptr : &found->second;
  }
  // In place of the one of that name, if there is one.
  void set(base::Time expires, const std::string& name, Value value) {
    const auto [place, fresh] = entries_.try_emplace(name);
    if (!fresh) by_expiry_.erase({place->second.expires, place->first});
    place->second = {expires, std::move(value)};
    by_expiry_.emplace(expires, place->first);
  }
  // The one whose time is over first; there must be one.
  [[nodiscard]] const Value& first() const { return entries_.at(std::string(by_expiry_.begin()->second)).value; }
  // Takes it out. Its name.
  std::string take_first() {
    std::string name(by_expiry_.begin()->second);
    by_expiry_.erase(by_expiry_.begin());
    entries_.erase(name);
    return name;
  }
  // When that is; kNever if there is none.
  [[nodiscard]] base::Time next() const { return by_expiry_.empty() ? base::kNever : by_expiry_.begin()->first; }
  [[nodiscard]] bool any_over(base::Time now) const { return !by_expiry_.empty() && next() <= now; }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

 private:
  absl::node_hash_map<std::string, Entry> entries_;
  // Points to the names in `entries_`.
  std::set<std::pair<base::Time, std::string_view>> by_expiry_;
};

}  // namespace sluice::engine
