// The requests that a queue remembers, so that one repeated after a lost answer gets the earlier answer.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/base/clock.h"
#include "server/engine/waiters.h"
#include "server/model/record.h"

namespace sluice::engine {

// What a remembered request was answered with.
struct RememberedRequest {
  base::Time expires{};
  model::ItemId first{};
  std::uint32_t count = 0;
  std::vector<model::ItemId> ids = {};  // not empty: these instead of `count` from `first` on
};

// Two parts: requests that succeeded, forgotten after limits::kRequestIdWindow or when there are more than
// limits::kMaxRequestIds (the oldest first); and requests that are waiting right now. Where records are asked for, null means
// that none are kept.
class RequestLog {
 public:
  // A completion and a fail are remembered under their lease, a put under nothing but its name.
  [[nodiscard]] static std::string key(std::string_view request_id, model::LeaseId lease);

  [[nodiscard]] const RememberedRequest* find(base::Time now, const std::string& key) const;
  // Appends a record, and records of what is forgotten because there are too many.
  void remember(base::Time now, model::QueueId queue, const std::string& key, model::ItemId first, std::uint32_t count,
                const std::vector<model::ItemId>& ids, std::vector<model::Record>* records);
  // Forgets what has expired, and returns when the next does; kNever if nothing is left.
  base::Time forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records);
  // Records of all that is remembered, or of its end: for a queue whose durability changes.
  void record_all(model::QueueId queue, std::vector<model::Record>& records) const;
  void record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const;
  void restore(model::RequestRecord&& record);
  // Records arrive from a journal in any order; afterwards the oldest must be first.
  void finish_restore();

  [[nodiscard]] Transfer* find_waiting(const std::string& key) const;
  void add_waiting(const std::string& key, Transfer& transfer) { waiting_[key] = &transfer; }
  void remove_waiting(const std::string& key) { waiting_.erase(key); }

 private:
  void forget_oldest(model::QueueId queue, std::vector<model::Record>* records);

  absl::flat_hash_map<std::string, RememberedRequest> remembered_;
  std::deque<std::string> by_age_;
  absl::flat_hash_map<std::string, Transfer*> waiting_;
};

}  // namespace sluice::engine
