// An item that this program holds: what it carries, and how it ends.
//
// It is ended exactly once, by done(), fail() or release(); after that it only carries its data. Destroying one that was not
// ended ends nothing: its lease is no longer extended, runs out, and the item is handed out again with its attempt counted. (In
// a loop over a queue the loop ends its items.) An Item is moved, never copied; one thread at a time uses it.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/options.h"
#include "sluice/types.h"

namespace sluice {

namespace internal {
class HeldItem;
}

class Item {
 public:
  explicit Item(std::unique_ptr<internal::HeldItem> held);
  ~Item();
  Item(Item&&) noexcept;
  Item& operator=(Item&&) noexcept;

  [[nodiscard]] ItemId id() const;
  [[nodiscard]] LeaseToken token() const;
  [[nodiscard]] const std::string& queue() const;
  [[nodiscard]] const std::string& payload() const;
  [[nodiscard]] const Attributes& attributes() const;
  // The attribute's value, or `otherwise` where there is none.
  [[nodiscard]] std::string attribute(const std::string& key, const std::string& otherwise = {}) const;
  [[nodiscard]] std::int64_t priority() const;
  // 1 at the first delivery.
  [[nodiscard]] std::uint32_t attempt() const;
  [[nodiscard]] Time put_time() const;
  // When the lease would have run out, by the server's clock, had nothing extended it. Of no use in a loop, where none does.
  [[nodiscard]] Time lease_expire_time() const;
  // Why the attempt before this one failed.
  [[nodiscard]] const std::optional<Failure>& last_failure() const;

  // The work is done; outputs are put in the same atomic step, waiting for room there. Repeated safely over a broken
  // connection. LeaseLost; with outputs also QueueFull, QueueClosed, NotFound of the queue they go to: then nothing has
  // changed, and the item is still held.
  void done();
  void done(const std::vector<Output>& outputs, const DoneOptions& options = {});
  template <std::convertible_to<std::string_view> Name>
  void done(const Name& output_queue, NewItem output, const DoneOptions& options = {}) {
    done(std::vector<Output>{{.queue = std::string(std::string_view(output_queue)), .item = std::move(output)}}, options);
  }
  // The work is done, and this is what the item's job ends with, for whoever awaits it. LeaseLost.
  void done_with(std::string result);
  // The attempt failed: tried again after a backoff, or dead-lettered. LeaseLost.
  template <std::convertible_to<std::string_view> Text>
  void fail(const Text& message, const FailOptions& options = {}) {
    fail(Failure{.message = std::string(std::string_view(message))}, options);
  }
  void fail(const Failure& failure, const FailOptions& options = {});
  // Back to the head of the queue, the attempt not counted. LeaseLost.
  void release();
  // Counted from now; absent: the queue's lease_duration. LeaseLost. In a loop over a queue, where none runs out, only that.
  void extend(std::optional<Duration> lease_duration = {});

  // Tells whoever looks how far the work is: item.progress(0.4, "resizing"). Each report takes the place of the one before; one
  // that says nothing leaves none. As often as one likes: it is sent in the background, a few times a second at most. Never
  // waits, never fails; of an item that has ended it does nothing.
  void progress(std::optional<double> fraction, std::string_view message = {});

  // True once done, fail or release took effect, or the lease is known to be lost.
  [[nodiscard]] bool ended() const;
  // True once it is known that somebody else has the item: whatever is still being done for it can stop. Any thread may ask.
  [[nodiscard]] bool lost() const;
  // Stopped when the server says so, because the item was cancelled or its lease ran out: in a loop or a worker at once, else
  // with the next extension of the lease.
  [[nodiscard]] std::stop_token lost_token() const;

 private:
  friend class Queue;
  std::unique_ptr<internal::HeldItem> held_;
};

}  // namespace sluice
