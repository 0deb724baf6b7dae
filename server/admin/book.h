// Which things have metrics of their own, and what all others have counted together.
//
// The first `most` things that are seen have series of their own. The rest shares the name "_other", whose counters only grow:
// what a thing has counted stays when the thing is gone. What is deleted frees its place for the next new thing.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "server/base/clock.h"

namespace sluice::admin {

// Counts has `void add_growth(const Counts& before, const Counts& now)`. Not thread-safe.
template <class Counts>
class Book {
 public:
  explicit Book(std::size_t most) : most_(most) {}

  // A thing that was created at `born` has counted `now` so far. True if it has series of its own.
  bool see(const std::string& name, base::Time born, const Counts& now) {
    auto [found, is_new] = entries_.try_emplace(name);
    Entry& entry = found->second;
    if (is_new) entry.own = own_ < most_;
    if (is_new && entry.own) ++own_;
    entry.seen = true;
    if (entry.own) return true;
    // Another one under the same name begins anew.
    if (entry.born != born) entry.last = Counts{};
    entry.born = born;
    others_.add_growth(entry.last, now);
    entry.last = now;
    return false;
  }

  // After all things have been seen: those that were not are gone.
  void forget_unseen() {
    for (auto each = entries_.begin(); each != entries_.end();) {
      if (each->second.seen) {
        each->second.seen = false;
        ++each;
      } else {
        if (each->second.own) --own_;
        each = entries_.erase(each);
      }
    }
  }

  [[nodiscard]] const Counts& others() const { return others_; }
  // There is or was something without series of its own.
  [[nodiscard]] bool has_others() const { return !(others_ == Counts{}) || entries_.size() > own_; }

 private:
  struct Entry {
    bool own = false;
    bool seen = false;
    base::Time born{};
    Counts last;  // of one that is not its own
  };

  const std::size_t most_;
  std::size_t own_ = 0;
  std::map<std::string, Entry> entries_;
  Counts others_;
};

}  // namespace sluice::admin
