// A remote worker: runs a command for each item.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "client/cli/child.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "proto/trace/traceparent.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxFailureMessageBytes = 4096;

std::string variable_name(const std::string& key) {
  std::string name = "SLUICE_ATTR_";
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 && byte < 0x80U ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

// Empty if the item belongs to no trace.
std::string traceparent_of(const Item& item) {
  std::string parent = item.attribute(std::string(trace::kTraceparent));
  return trace::is_traceparent(parent) ? parent : std::string();
}

std::vector<std::string> environment_of(const Item& item) {
  std::vector<std::string> environment = {fmt::format("SLUICE_ITEM_ID={}", item.id()),
                                          fmt::format("SLUICE_ATTEMPT={}", item.attempt()),
                                          fmt::format("SLUICE_QUEUE={}", item.queue())};
  for (const auto& [key, value] : item.attributes()) {
    // An environment cannot hold a NUL byte.
    if (value.find('\0') == std::string::npos) environment.push_back(fmt::format("{}={}", variable_name(key), value));
  }
  if (const std::string parent = traceparent_of(item); !parent.empty()) {
    environment.push_back(fmt::format("{}={}", trace::kTraceparentVariable, parent));
    const std::string state = item.attribute(std::string(trace::kTracestate));
    if (!state.empty() && trace::is_tracestate(state)) {
      environment.push_back(fmt::format("{}={}", trace::kTracestateVariable, state));
    }
  }
  return environment;
}

// "item 17", or, where it belongs to a trace, "item 17 of trace 4bf9...".
std::string name_of(const Item& item) {
  const std::string parent = traceparent_of(item);
  if (parent.empty()) return fmt::format("item {}", item.id());
  return fmt::format("item {} of trace {}", item.id(), trace::trace_id_of(parent));
}

Failure failure_of(const ChildResult& result, const std::string& program) {
  Failure failure;
  failure.stderr_tail = result.stderr_tail;
  failure.exit_code = result.exit_code;
  failure.signal = result.signal;
  if (!result.spawn_error.empty()) {
    failure.reason = "SPAWN_FAILED";
    failure.message = fmt::format("cannot run {}: {}", program, result.spawn_error);
  } else if (result.output_too_large) {
    failure.reason = "OUTPUT_TOO_LARGE";
    failure.message = fmt::format("{} wrote more than an item may hold (4 MiB)", program);
  } else if (result.signal) {
    failure.reason = "SIGNALED";
    failure.message = fmt::format("{} was ended by signal {}", program, *result.signal);
  } else {
    failure.reason = "EXIT_CODE";
    failure.message = fmt::format("{} exited with code {}", program, result.exit_code.value_or(-1));
  }
  failure.message.resize(std::min(failure.message.size(), kMaxFailureMessageBytes));
  return failure;
}

// The jobs of one `sluice work`.
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
      while (!stop_.stop_requested()) {
        auto item = queue_.get({.lease_duration = arguments_.lease, .stop = stop_.get_token()});
        if (!item) return;
        handle(*item);
      }
    } catch (const Cancelled&) {
      return;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_.request_stop();
    }
  }

  void handle(Item& item) {
    ChildOrder order;
    order.argv = arguments_.command;
    order.extra_environment = environment_of(item);
    order.input = item.payload();
    order.stop = give_up_;
    ChildResult result = run_child(order);
    try {
      if (result.stopped) return release(item);
      if (!result.succeeded()) return fail(item, result);
      finish(item, std::move(result.output));
    } catch (const LeaseLost& error) {
      ++lost_;
      say(fmt::format("{}: {}: {}", name_of(item), error.reason(), error.what()));
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
    say(fmt::format("{}: {}: {}", name_of(item), failure.reason, failure.message));
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
  // A child that does not read its input must not end this program.
  std::signal(SIGPIPE, SIG_IGN);
  // The commands belong to their items' traces, never to the one that this program was started in.
  unsetenv(trace::kTraceparentVariable.data());
  unsetenv(trace::kTracestateVariable.data());
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
