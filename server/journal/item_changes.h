// What the records of a group say about items, one change an item.
//
// The hot part of a commit: with thousands of records a group, a hash table of them costs more than the store itself. The
// records come as a few runs in order of their ids (what was put, handed out, ended together), so sorting them is cheap, and
// the store wants them in that order anyway.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/model/record.h"

namespace sluice::journal {

// Not thread-safe. Keeps no record itself: what is added must stay where it is until clear().
class ItemChanges {
 public:
  struct Change {
    std::uint64_t id = 0;
    const model::ItemRecord* state = nullptr;  // null: erased
    const model::Body* body = nullptr;         // null: the store has it
    bool fresh = false;                        // the store has nothing under this id
  };

  // In the order in which the engine emitted them.
  void add(const model::ItemRecord& record);
  void add(const model::ItemErased& erased);
  void clear() { entries_.clear(); }

  // Calls `each(Change)` in order of the ids; ends early with the first error, and returns it. An item that came and went
  // within the group is left out.
  template <class Each>
  absl::Status for_each(Each&& each) {
    sort();
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      Change change;
      if (!fold(entry, change)) continue;
      if (auto status = each(change); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  struct Entry {
    std::uint64_t id = 0;
    const model::ItemRecord* state = nullptr;  // null: erased
  };

  void sort();
  // Moves `entry` past all of its item. False if the store need not know of it.
  bool fold(std::vector<Entry>::iterator& entry, Change& change) const;

  std::vector<Entry> entries_;
};

}  // namespace sluice::journal
