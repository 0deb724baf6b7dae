// The reports of progress on one item, on their way from its handler: however many there are, only now and then one is passed
// on.
//
// The first is passed on at once, and from then on the latest, every limits::kProgressPause.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/handlers/progress.h"

namespace sluice::runtime {

// Handlers may keep it for longer than the item, the worker and the executor live.
class ProgressReports final : public handlers::ProgressSink, public std::enable_shared_from_this<ProgressReports> {
 public:
  using PassOn = std::function<void(model::Progress&&)>;

  // `pass_on` is called on the executor, which must run one thing at a time.
  ProgressReports(boost::asio::any_io_executor executor, PassOn pass_on);

  // Any thread.
  void report(model::Progress progress) override;

  // On the executor, or when it runs nothing any more: nothing is passed on from here on, nor is the executor used.
  void close();

 private:
  void pass_on_next();

  std::mutex mutex_;
  // Guarded by it.
  std::optional<boost::asio::any_io_executor> executor_;  // none: closed
  std::optional<model::Progress> latest_;                 // not passed on
  bool is_awaited_ = false;                               // pass_on_next() will be called

  // Used on the executor only.
  PassOn pass_on_;
  std::optional<boost::asio::steady_timer> pause_;
};

}  // namespace sluice::runtime
