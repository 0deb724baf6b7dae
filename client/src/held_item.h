// What an Item is inside: the data, the lease, and the connection it ends through.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/src/connection.h"
#include "client/src/keeper.h"
#include "sluice/options.h"
#include "sluice/types.h"

namespace sluice::internal {

class HeldItem {
 public:
  // Takes the data out of `item`.
  HeldItem(std::shared_ptr<Connection> connection, std::string queue, v1::LeasedItem&& item, const GetOptions& options);
  ~HeldItem();
  HeldItem(const HeldItem&) = delete;
  HeldItem& operator=(const HeldItem&) = delete;

  void done(const std::vector<Output>& outputs, const DoneOptions& options);
  void fail(const Failure& failure, const FailOptions& options);
  void release();
  void extend(std::optional<Duration> lease_duration);

  [[nodiscard]] bool ended() const { return ended_ || lease_->lost; }
  [[nodiscard]] bool lost() const { return lease_->lost; }
  // What became of the item in a call that ended several.
  void settle(const v1::LeaseResult& result);

  const ItemId id;
  const std::string payload;
  const Attributes attributes;
  const std::int64_t priority;
  const std::uint32_t attempt;
  const Time put_time;
  const Time lease_expire_time;
  const std::optional<Failure> last_failure;

  [[nodiscard]] const std::string& queue() const { return lease_->queue; }
  [[nodiscard]] LeaseToken token() const { return lease_->token; }

 private:
  // Settles the only result of a call, and throws what it says.
  void settle_or_raise(const google::protobuf::RepeatedPtrField<v1::LeaseResult>& results);

  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Lease> lease_;
  bool ended_ = false;
  // The request_id of a completion whose answer never came: repeating it, by hand too, cannot do it twice.
  std::string unanswered_;
};

// Items taken from a queue.
struct Taken {
  std::vector<std::unique_ptr<HeldItem>> items;
  bool end_of_queue = false;
};
[[nodiscard]] Taken take(const std::shared_ptr<Connection>& connection, const std::string& queue, std::uint32_t max_items,
                         const GetOptions& options);

}  // namespace sluice::internal
