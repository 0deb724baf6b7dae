// A queue on the server, as Python's queue.Queue with close: put waits while it is full, get waits while it is empty, join
// waits until everything ever put is done.
//
//   for (auto& item : tasks) work(item.payload());   // until the queue is closed and drained
//
// A Queue is a name and a connection: cheap to copy, and any thread may use it. Making one asks the server nothing. Every call
// can throw the errors of sluice/error.h: NotFound, Unavailable, InvalidArgument; the comments name what comes on top. Calls
// are repeated over a broken connection in a way that never puts or ends anything twice.
#pragma once

#include <concepts>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/item.h"
#include "sluice/job.h"
#include "sluice/options.h"
#include "sluice/producer.h"
#include "sluice/types.h"

namespace sluice {

namespace internal {
class Connection;
class Consumption;
}  // namespace internal

// Some items, as get_batch takes them.
struct Batch {
  std::vector<Item> items = {};
  // The queue is closed, and nothing can come any more.
  bool end_of_queue = false;
};

// The items of a queue, one after the other: what a range-for walks. Leaving the body marks the item as done (also by break
// or continue); leaving it by an exception marks it as failed, and the exception goes on. An item that the body ended itself is
// left alone. Ends when the queue is closed and nothing can come any more.
//
// Items are held for as long as the connection lives: no lease runs out, and what a program held that dies goes back to the
// queue at once. Where the connection breaks the item at hand is lost() (somebody else gets it), and the loop goes on with
// another connection. ConsumeOptions::lease_duration has them held by leases instead.
class Items {
 public:
  class Iterator {
   public:
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = Item*;
    using reference = Item&;

    Item& operator*() const;
    Item* operator->() const { return &**this; }
    // Ends the present item and takes the next.
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    friend class Items;
    explicit Iterator(std::shared_ptr<internal::Consumption> consumption);
    [[nodiscard]] bool at_end() const;
    std::shared_ptr<internal::Consumption> consumption_;
  };

  // Takes the first item. To be walked once.
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  friend class Queue;
  Items(std::shared_ptr<internal::Connection> connection, std::string queue, ConsumeOptions options);
  std::shared_ptr<internal::Connection> connection_;
  std::string queue_;
  ConsumeOptions options_;
};

class Queue {
 public:
  Queue(std::shared_ptr<internal::Connection> connection, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }

  // Puts one item; returns once the server has it for good. QueueFull when max_wait is over, QueueClosed (also while waiting),
  // Cancelled.
  ItemId put(NewItem item, const PutOptions& options = {}) const;
  template <std::convertible_to<std::string_view> Bytes>
  ItemId put(const Bytes& payload, const PutOptions& options = {}) const {
    return put(NewItem{.payload = std::string(std::string_view(payload))}, options);
  }
  // The same without waiting: false when the queue is full.
  bool try_put(NewItem item) const;
  template <std::convertible_to<std::string_view> Bytes>
  bool try_put(const Bytes& payload) const {
    return try_put(NewItem{.payload = std::string(std::string_view(payload))});
  }
  // All or none, in one call; at most 10,000 items, 32 MiB and the queue's capacity (InvalidArgument).
  std::vector<ItemId> put_batch(std::span<const NewItem> items, const PutOptions& options = {}) const;
  // Any number, in order, in parts that the queue can take, each all or none.
  std::vector<ItemId> put_all(std::span<const NewItem> items, const PutAllOptions& options = {}) const;
  std::vector<ItemId> put_all(const std::vector<std::string>& payloads, const PutAllOptions& options = {}) const;

  // Any number as they come, over a stream: the fast way. sluice/producer.h says more.
  [[nodiscard]] Producer producer(ProducerOptions options = {}) const;

  // Puts an item as a job, whose outcome can be waited for. The errors of put.
  Future submit(NewItem item, const SubmitOptions& options = {}) const;
  template <std::convertible_to<std::string_view> Bytes>
  Future submit(const Bytes& payload, const SubmitOptions& options = {}) const {
    return submit(NewItem{.payload = std::string(std::string_view(payload))}, options);
  }
  // Several, all or none, as a batch; at most 10,000 items, 32 MiB and the queue's capacity (InvalidArgument).
  JobBatch submit_batch(std::span<const NewItem> items, const BatchOptions& options = {}) const;
  // The results of any number of inputs (up to 1,000,000), in their order. JobFailed for the first that failed; what was
  // submitted goes on then.
  [[nodiscard]] std::vector<std::string> map(const std::vector<std::string>& inputs, const MapOptions& options = {}) const;
  // The same for inputs as they come. sluice/job.h says more.
  [[nodiscard]] JobMap map_stream(std::function<void(Job&&)> on_outcome, MapOptions options = {}) const;

  // Takes an item; none at the end of the queue, and when max_wait is over (get_batch tells the two apart). Cancelled.
  [[nodiscard]] std::optional<Item> get(const GetOptions& options = {}) const;
  // Takes what is there, up to max_items (1 to 10,000), waiting for the first.
  [[nodiscard]] Batch get_batch(std::uint32_t max_items, const GetOptions& options = {}) const;
  // Ends all of them as done, in few calls. Returns how many took effect; the others are lost().
  std::size_t done_all(std::span<Item> items) const;

  // The items as a range with options; begin() and end() are the same with the default ones.
  [[nodiscard]] Items consume(ConsumeOptions options = {}) const;
  [[nodiscard]] Items::Iterator begin() const { return consume().begin(); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

  // No more puts; consumers drain what is left. Idempotent. `immediate`: what waits is discarded and counts as finished.
  void close(bool immediate = false) const;
  // Returns when nothing is unfinished, at once if nothing is. Goes on over a broken connection, and does not miss an idle
  // moment in between. DeadlineExceeded, Cancelled.
  void join(const JoinOptions<QueueInfo>& options = {}) const;

  [[nodiscard]] QueueInfo stats() const;
  // Only what is set changes. Error SETTING_IMMUTABLE for the order.
  QueueInfo update(const QueueSettings& settings) const;
  // Hands nothing out until resume. Idempotent, both.
  void pause() const;
  void resume() const;
  // Discards what waits; returns how many. They count as finished.
  std::uint64_t purge() const;
  // Looks at items without taking them: waiting ones first, in the order of their turn.
  [[nodiscard]] std::vector<PeekedItem> peek(const PeekOptions& options = {}) const;
  // Ends items for good, whatever they are doing; they count as finished. What became of each, in their order.
  std::vector<CancelOutcome> cancel(std::span<const ItemId> items) const;
  CancelOutcome cancel(ItemId item) const { return cancel(std::span(&item, 1)).front(); }
  // Sends this queue's dead letters back to where they come from, each in one step, as far as there is room: there they begin
  // anew, with their ids. Never waits.
  RedriveResult redrive(const RedriveOptions& options = {}) const;
  // Deletes the queue; returns how many unfinished items went with it. Errors QUEUE_NOT_EMPTY unless force, QUEUE_IN_USE.
  std::uint64_t remove(bool force = false) const;

 private:
  std::shared_ptr<internal::Connection> connection_;
  std::string name_;
};

}  // namespace sluice
