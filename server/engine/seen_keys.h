// The deduplication keys that a queue has seen: within the window of its first item, a key keeps out others.
//
// Pure data; whose timer wakes it up is keys.h. Where records are asked for, null means that none are kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/engine/expiring.h"
#include "server/model/ids.h"
#include "server/model/record.h"

namespace sluice::engine {

// At most limits::kMaxDedupKeys; beyond, the ones that would be forgotten first are forgotten early.
class SeenKeys {
 public:
  // Whether a request record is one of these, by its key.
  [[nodiscard]] static bool is_one(const model::RequestRecord& record);

  // The item that had the key, whatever became of it; none if the key may be used.
  [[nodiscard]] std::optional<model::ItemId> find(base::Time now, const std::string& key) const;
  // The key is not remembered, or no more.
  void remember(base::Time expires, model::QueueId queue, const std::string& key, model::ItemId item,
                std::vector<model::Record>* records);
  // Forgets what is over by `now`, and returns when the next is; kNever if nothing is left.
  base::Time forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records);
  [[nodiscard]] base::Time next() const { return seen_.next(); }

  // Records of all that is remembered, or of its end: for a queue whose durability changes.
  void record_all(model::QueueId queue, std::vector<model::Record>& records) const;
  void record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const;
  void restore(const model::RequestRecord& record);

 private:
  void forget_first(model::QueueId queue, std::vector<model::Record>* records);

  Expiring<model::ItemId> seen_;
};

}  // namespace sluice::engine
