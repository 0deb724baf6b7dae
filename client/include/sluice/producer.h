// Puts over a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "sluice/types.h"

namespace sluice {

namespace internal {
class Connection;
class ProducerEngine;
}  // namespace internal

struct ProducerOptions {
  // How many items may be on their way to the queue, given and not acknowledged; the rest of the memory bound is 64 MiB of
  // them. 1 to 1,000,000.
  std::uint32_t in_flight = 10'000;
  // Ends it with Cancelled. What is not acknowledged then is not in the queue; only if the server does not answer any more, it
  // is not known: uncertain().
  std::stop_token stop = {};
};

// Puts many items one after the other, far faster than single puts: what is given while a message is under way goes into the
// next one. A queue that is full holds it back, and so whoever gives it items.
//
// Each item is put exactly once, also over broken connections and a server that is killed, as long as it is there again within
// ClientOptions::reconnect_timeout, and less than 10 minutes pass between two items: a stream that breaks is opened again, and
// goes on where the queue is. (In a queue of MEMORY durability what was acknowledged is lost with the server.)
//
// put() and finish() are for one thread at a time; the rest may be called by any.
class Producer {
 public:
  Producer(std::shared_ptr<internal::Connection> connection, std::string queue, ProducerOptions options = {});
  // Gives up if finish() was not called: of what was not acknowledged it is then not known whether it was put.
  ~Producer();
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;

  // Waits while as many as may be are in flight. Throws the error that ended the stream: QueueClosed, NotFound, Unavailable,
  // Cancelled and so on.
  void put(NewItem item);
  void put(std::string payload) { put(NewItem{.payload = std::move(payload)}); }
  // Returns when all items are acknowledged: as durable as the queue promises. Nothing can be put any more then. Throws as
  // put().
  void finish();

  // How many items are acknowledged.
  [[nodiscard]] std::uint64_t acknowledged() const;
  // After an error: how many items that were not acknowledged may be in the queue all the same.
  [[nodiscard]] std::uint64_t uncertain() const;

 private:
  std::unique_ptr<internal::ProducerEngine> engine_;
};

}  // namespace sluice
