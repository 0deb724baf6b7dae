#include "sluice/worker.h"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice {
namespace {

// The threads of one work_outputs and what they found.
class Crew {
 public:
  Crew(const Queue& queue, const WorkFunction& function, const WorkOptions& options)
      : queue_(queue), function_(function), options_(options) {}

  WorkResult run() {
    const std::stop_callback on_stop(options_.stop, [this] { stop_.request_stop(); });
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < options_.concurrency; ++i) threads.emplace_back([this] { work(); });
    }
    if (error_) std::rethrow_exception(error_);
    return result_;
  }

 private:
  void work() {
    try {
      for (Item& item : queue_.consume({.lease_duration = options_.lease_duration, .stop = stop_.get_token()})) handle(item);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_.request_stop();
    }
  }

  // Ends the item one way or the other; throws only errors of the connection.
  void handle(Item& item) {
    std::vector<Output> outputs;
    try {
      outputs = function_(item);
    } catch (const PermanentFailure& error) {
      return fail(item, error, true);
    } catch (const std::exception& error) {
      return fail(item, error, false);
    }
    if (item.ended() && !item.lost()) return count(&WorkResult::done);
    try {
      hand_on(item, outputs);
      count(&WorkResult::done);
    } catch (const LeaseLost& error) {
      lose(item, error);
    } catch (const QueueFull&) {
      give_back(item);
    } catch (const InvalidArgument& error) {
      fail(item, error, false);
    } catch (const Error&) {
      // The output queue or the connection is at fault, not the item: another worker may have more luck.
      give_back(item);
      throw;
    }
  }

  // Waits for room; after a stop, only if there is some.
  void hand_on(Item& item, const std::vector<Output>& outputs) {
    try {
      item.done(outputs, {.stop = stop_.get_token()});
    } catch (const Cancelled&) {
      item.done(outputs, {.max_wait = Duration::zero()});
    }
  }

  void fail(Item& item, const std::exception& error, bool do_not_retry) {
    if (options_.on_error) options_.on_error(item, error);
    try {
      if (!item.ended()) item.fail({.reason = "HANDLER_THREW", .message = error.what()}, {.do_not_retry = do_not_retry});
      count(&WorkResult::failed);
    } catch (const LeaseLost& lost) {
      lose(item, lost);
    }
  }

  static void give_back(Item& item) {
    try {
      item.release();
    } catch (const Error&) {
      // Its lease runs out by itself.
    }
  }

  void lose(const Item& item, const Error& error) {
    if (options_.on_error) options_.on_error(item, error);
    count(&WorkResult::lost);
  }

  void count(std::size_t WorkResult::*what) {
    const std::lock_guard lock(mutex_);
    ++(result_.*what);
  }

  const Queue queue_;
  const WorkFunction& function_;
  const WorkOptions& options_;
  std::stop_source stop_;
  std::mutex mutex_;
  WorkResult result_;
  std::exception_ptr error_;
};

}  // namespace

WorkResult work_outputs(const Queue& queue, const WorkFunction& function, const WorkOptions& options) {
  return Crew(queue, function, options).run();
}

}  // namespace sluice
