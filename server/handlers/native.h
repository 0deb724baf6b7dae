// Handlers written in C++, in this process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/handlers/handler.h"

namespace sluice::handlers {

// Gives the outputs; an exception fails the item. To decide about retries or add details, throw HandlerFailure. While it works
// it may say how far it is: Input::progress().
using NativeFunction = std::function<std::vector<Output>(const Input&)>;

// Makes the function of one worker, with what it needs: an open connection, a model that takes a minute to load. Thread-safe:
// workers begin at the same time. An exception says that the worker cannot begin yet.
using NativeFactory = std::function<NativeFunction()>;

// A failure with everything that can be said of it.
class HandlerFailure : public std::exception {
 public:
  explicit HandlerFailure(Error error) : error_(std::move(error)) {}
  [[nodiscard]] const char* what() const noexcept override { return error_.failure.message.c_str(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

enum class Runs {
  kOnOwnThread,  // may block: a pool of threads of the handler's own, which grows with the workers, up to `max_threads`
  kInline,       // never blocks, and is done in well under a millisecond
};

// `max_threads` counts only for kOnOwnThread; 1 to 1,000. Items beyond it wait for a thread, first come, first served.
//
// A function that blocks cannot be interrupted, but may look at Input::stop. When its item is given up (Context::on_stop) the
// worker goes on at once, and the function runs to its end on its thread with a copy of the input of its own; its result is
// dropped. So what it captures must be owned by it, or live as long as the process. A destroyed handler waits up to a second
// for functions that still run.
[[nodiscard]] std::shared_ptr<Handler> make_native(std::string description, Runs runs, NativeFunction function,
                                                   std::size_t max_threads = 64);

// The same with a function for each worker, which never has more than one item. It is made before the worker takes its first
// item, where it will run; if that fails the worker tries again every limits::kPreparePause, and says so in the log. A stage
// with `start_workers` hands out no item before that many are made.
[[nodiscard]] std::shared_ptr<Handler> make_native_per_worker(std::string description, Runs runs, NativeFactory factory,
                                                              std::size_t max_threads = 64);

}  // namespace sluice::handlers
