// How far the named producers of a queue have come, so that one whose stream broke goes on where it was and puts nothing twice.
//
// A producer may be claimed: then its items come from whoever has claimed it last, and from nobody else, so that what a stream
// says of it after an interruption stays true.
//
// Pure data; the queue's request timer wakes it up. Where records are asked for, null means that none are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/effects.h"
#include "server/engine/expiring.h"
#include "server/model/ids.h"
#include "server/model/record.h"

namespace sluice::engine {

// At most limits::kMaxProducers, each for limits::kRequestIdWindow after its last item; beyond, the longest silent are
// forgotten early.
class ProducerLog {
 public:
  // Whether a request record is one of these, by its key.
  [[nodiscard]] static bool is_one(const model::RequestRecord& record);

  // How many of the producer's items are in the queue; none if it is not known.
  [[nodiscard]] std::optional<std::uint64_t> position(base::Time now, const std::string& producer) const;
  void set_position(base::Time now, model::QueueId queue, const std::string& producer, std::uint64_t position,
                    std::vector<model::Record>* records);
  // From now on `owner` alone puts its items. One that is not known begins at `position`; nothing is recorded of it before it
  // has an item.
  void claim(base::Time now, model::QueueId queue, const std::string& producer, std::uint64_t position, const Caller& owner,
             std::vector<model::Record>* records);
  // True unless somebody else has claimed it.
  [[nodiscard]] bool may_put(base::Time now, const std::string& producer, const Caller& caller) const;
  // Forgets what is over by `now`, and returns when the next is; kNever if nothing is left.
  base::Time forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records);

  // Records of all that is remembered, or of its end: for a queue whose durability changes.
  void record_all(model::QueueId queue, std::vector<model::Record>& records) const;
  void record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const;
  void restore(const model::RequestRecord& record);

 private:
  struct Place {
    std::uint64_t position = 0;
    const Caller* owner = nullptr;  // perhaps gone: it is only compared
    bool recorded = false;
  };

  void make_room(model::QueueId queue, std::vector<model::Record>* records);
  void forget_first(model::QueueId queue, std::vector<model::Record>* records);

  Expiring<Place> places_;
};

}  // namespace sluice::engine
