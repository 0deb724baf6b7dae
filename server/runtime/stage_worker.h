// One worker of a stage: a coroutine that takes an item, has the handler work on it, hands the results on, until the queue
// ends. It costs no thread while it waits.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "server/handlers/handler.h"
#include "server/runtime/runtime.h"
#include "server/runtime/waiter.h"
#include "server/runtime/work_context.h"

namespace sluice::runtime {

class StagePool;

// Kept alive by its coroutine. Its pool says, under the runtime's lock, whether it may go on.
class StageWorker final : public engine::LeaseWatch, public std::enable_shared_from_this<StageWorker> {
 public:
  // `executor` runs one thing at a time: a strand of this worker's own.
  StageWorker(Runtime& runtime, const base::Clock& clock, std::shared_ptr<StagePool> pool,
              boost::asio::any_io_executor executor);

  // Starts the coroutine, on the executor and not at once.
  void start();
  // Has the handler give up what it works on. Any thread.
  void stop();

  // engine::LeaseWatch: has the handler give up the item, which was cancelled. Nothing more is done for it.
  void revoked(model::LeaseId lease) override;
  void told() override {}

  // For its pool, under the runtime's lock: waits for an item, and for room for its results.
  [[nodiscard]] Waiter& intake() { return intake_; }
  [[nodiscard]] Waiter& delivery() { return delivery_; }
  // The pool counts on it. Guarded by the runtime's lock.
  bool alive = true;

 private:
  boost::asio::awaitable<void> run();
  // False when the worker shall end.
  boost::asio::awaitable<bool> prepare();
  boost::asio::awaitable<std::optional<handlers::Error>> prepare_handler();
  // The next item; none when the worker shall end.
  boost::asio::awaitable<std::optional<model::Delivery>> take();
  boost::asio::awaitable<handlers::Outcome> work_on(const model::Delivery& item);
  boost::asio::awaitable<void> hand_on(const model::Delivery& item, handlers::Outcome outcome);

  // False if the stage has been given up meanwhile: the item has gone back.
  bool begin(const model::Delivery& item);
  void show(model::Progress&& progress);
  // Nothing if it was taken back while it waited for room.
  boost::asio::awaitable<std::optional<absl::Status>> complete(const model::Delivery& item,
                                                               std::vector<handlers::Output> results);
  void fail(const model::Delivery& item, handlers::Error error);
  void log_failure(const model::Delivery& item, std::string_view reason) const;

  Runtime& runtime_;
  const base::Clock& clock_;
  const std::shared_ptr<StagePool> pool_;
  const boost::asio::any_io_executor executor_;
  Waiter intake_;
  Waiter delivery_;
  WorkContext context_;
  base::Time started_{};        // the present item
  model::LeaseId lease_{};      // of it
  model::LeaseId revoked_{};    // the last lease that was taken away
  StageActivity::Handle work_;  // from begin() until it is ended in the pool's activity
};

}  // namespace sluice::runtime
