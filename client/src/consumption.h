// One walk over the items of a queue: what Items::Iterator points to.
//
// Items come over a stream, which is opened anew where it breaks; or, where the caller says how long a lease is, by calls.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "client/src/connection.h"
#include "client/src/item_stream.h"
#include "client/src/reconnection.h"
#include "sluice/item.h"
#include "sluice/options.h"

namespace sluice::internal {

// One thread at a time. Its end is the end of the loop: it ends the item at hand as done, or as failed when an exception is
// what ends the loop, and gives back what was taken ahead.
class Consumption {
 public:
  Consumption(std::shared_ptr<Connection> connection, std::string queue, ConsumeOptions options);
  ~Consumption();
  Consumption(const Consumption&) = delete;
  Consumption& operator=(const Consumption&) = delete;

  // Takes the next item; after the last there is none.
  void next();
  // Ends the present item as done, unless it has been ended.
  void finish();
  [[nodiscard]] std::optional<Item>& current() { return current_; }

 private:
  // Null after the last, and after a stop.
  std::unique_ptr<HeldItem> next_of_stream();
  std::unique_ptr<HeldItem> next_by_call();
  void finish_quietly() noexcept;
  void give_back() noexcept;
  void tell(const Error& error) const;

  std::shared_ptr<Connection> connection_;
  const std::string queue_;
  const ConsumeOptions options_;
  const int exceptions_before_;
  std::shared_ptr<ItemStream> stream_;
  Reconnection reconnection_;
  std::deque<std::unique_ptr<HeldItem>> ahead_;
  std::optional<Item> current_;
};

}  // namespace sluice::internal
