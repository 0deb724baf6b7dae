// What an Item is inside: the data, and the right to end it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/src/hold.h"
#include "sluice/options.h"
#include "sluice/types.h"

namespace sluice::internal {

class HeldItem {
 public:
  // Takes the data out of `item`.
  HeldItem(std::unique_ptr<Hold> hold, v1::LeasedItem&& item);

  void done(const std::vector<Output>& outputs, const DoneOptions& options, std::optional<std::string> result = {});
  void fail(const Failure& failure, const FailOptions& options);
  void release();
  void extend(std::optional<Duration> lease_duration);

  void progress(std::optional<double> fraction, std::string_view message);

  [[nodiscard]] bool ended() const { return ended_ || hold_->lost(); }
  [[nodiscard]] bool lost() const { return hold_->lost(); }
  [[nodiscard]] std::stop_token lost_token() const { return hold_->lost_token(); }
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

  [[nodiscard]] const std::string& queue() const { return hold_->queue(); }
  [[nodiscard]] LeaseToken token() const { return hold_->token(); }

 private:
  // Settles, and throws what the result says.
  void settle_or_raise(const v1::LeaseResult& result);

  const std::unique_ptr<Hold> hold_;
  bool ended_ = false;
};

// Items taken from a queue.
struct Taken {
  std::vector<std::unique_ptr<HeldItem>> items;
  bool end_of_queue = false;
};
[[nodiscard]] Taken take(const std::shared_ptr<Connection>& connection, const std::string& queue, std::uint32_t max_items,
                         const GetOptions& options);

}  // namespace sluice::internal
