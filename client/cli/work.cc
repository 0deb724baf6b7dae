// A consumer of a queue: runs a command for each item.
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/item_command.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

CommandItem command_item(const Item& item) {
  return {.id = item.id(),
          .attempt = item.attempt(),
          .queue = item.queue(),
          .stage = {},
          .payload = item.payload(),
          .attributes = item.attributes()};
}

// The jobs of one `sluice work QUEUE`.
class Workers {
 public:
  Workers(Queue queue, const WorkArguments& arguments, const Interrupt& interrupt)
      : queue_(std::move(queue)), arguments_(arguments), finish_(interrupt.first()), give_up_(interrupt.second()) {}

  // Runs until the end of the queue, an interrupt, or an error of the connection, which it throws.
  void run() {
    {
      const std::stop_callback on_finish(finish_, [this] {
        say("finishing what runs; once more to give it back to the queue");
        stop_.request_stop();
      });
      std::vector<std::jthread> threads;
      for (std::uint32_t i = 0; i < arguments_.jobs; ++i) threads.emplace_back([this] { work(); });
    }
    if (error_) std::rethrow_exception(error_);
  }

  [[nodiscard]] std::string summary() const {
    std::string text = fmt::format("{} done, {} failed", count_text(done_), count_text(failed_));
    if (released_ > 0) text += fmt::format(", {} given back", count_text(released_));
    if (lost_ > 0) text += fmt::format(", {} lost", count_text(lost_));
    return text;
  }

 private:
  void work() {
    try {
      for (Item& item : queue_.consume({.lease_duration = arguments_.lease, .stop = stop_.get_token()})) handle(item);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_.request_stop();
    }
  }

  void handle(Item& item) {
    std::stop_source stop;
    const std::stop_callback on_give_up(give_up_, [&stop] { stop.request_stop(); });
    const std::stop_callback on_lost(item.lost_token(), [&stop] { stop.request_stop(); });
    ChildResult result = run_command(command_item(item), arguments_.command, stop.get_token(),
                                     [&item](const progress::Line& line) { item.progress(line.fraction, line.message); });
    try {
      if (result.stopped) return release(item);
      if (!result.succeeded()) return fail(item, result);
      finish(item, std::move(result.output));
    } catch (const LeaseLost& error) {
      ++lost_;
      say(fmt::format("{}: {}: {}", name_of(command_item(item)), error.reason(), error.what()));
    }
  }

  void finish(Item& item, std::string output) {
    if (arguments_.output.empty()) {
      item.done();
      const std::lock_guard lock(mutex_);
      print(output);
      (void)flush_output();
    } else {
      try {
        item.done(arguments_.output, {.payload = std::move(output), .attributes = item.attributes()}, {.stop = give_up_});
      } catch (const Cancelled&) {
        return release(item);
      } catch (const LeaseLost&) {
        throw;
      } catch (const Error&) {
        // The output queue is at fault, not the item.
        item.release();
        throw;
      }
    }
    ++done_;
  }

  void fail(Item& item, const ChildResult& result) {
    const Failure failure = failure_of(result, arguments_.command.front());
    say(fmt::format("{}: {}: {}", name_of(command_item(item)), failure.reason, failure.message));
    item.fail(failure);
    ++failed_;
  }

  void release(Item& item) {
    item.release();
    ++released_;
  }

  const Queue queue_;
  const WorkArguments& arguments_;
  const std::stop_token finish_;
  const std::stop_token give_up_;
  std::stop_source stop_;  // no more items: interrupted, or an error
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> released_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::mutex mutex_;          // also guards standard output
  std::exception_ptr error_;  // guarded by mutex_
};

}  // namespace

int work(Session& session, const WorkArguments& arguments) {
  if (!arguments.stage.empty()) return work_at_stage(session, arguments);
  prepare_for_commands();
  const Interrupt interrupt;
  Workers workers(session.queue(arguments.queue), arguments, interrupt);
  try {
    workers.run();
  } catch (const Error&) {
    say(workers.summary());
    throw;
  }
  say(workers.summary());
  return interrupt.first().stop_requested() ? kInterrupted : kOk;
}

}  // namespace sluice::cli
