// What a stage runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "server/handlers/progress.h"
#include "server/model/item.h"

namespace sluice::handlers {

// One item to work on. Lives until run() is done.
struct Input {
  model::ItemId item{};
  model::BodyPtr body;
  std::uint32_t attempt = 1;
  std::string queue;
  std::string pipeline;
  std::string stage;
  // Stopped when the item is given up, for native functions on threads of their own: they may then end early.
  std::stop_token stop = {};
  // Where progress() goes. Null: nobody wants to know.
  std::shared_ptr<ProgressSink> progress_sink = {};

  // Tells whoever looks how far the work on this item is: input.progress(0.4, "resizing"). Each report takes the place of the
  // one before; one that says nothing leaves none. Any thread, as often as one likes: what comes too fast for anybody to see
  // costs next to nothing. Never fails, and after the item's end does nothing.
  void progress(std::optional<double> fraction, std::string_view message = {}) const;
  [[nodiscard]] std::string_view payload() const { return body->payload; }
};

// A result to hand on. Without attributes of its own it gets the input's.
struct Output {
  std::string payload;
  std::optional<model::Attributes> attributes;
};

// An attempt that failed.
struct Error {
  model::Failure failure;
  bool do_not_retry = false;
};

// The outputs (none, one or several) or the error.
using Outcome = std::variant<std::vector<Output>, Error>;

// What a handler can tell and ask while it works on one item. Owned by the worker; used from the handler's coroutine only.
class Context {
 public:
  virtual ~Context() = default;
  // The child process that now works on the item; 0 when there is none any more. Shown in lists.
  virtual void set_pid(std::int64_t pid) = 0;
  // Has `stop` called once, on the coroutine's executor, when the item is to be given up (it was cancelled, or the server's
  // drain is over), or what prepare() does. The handler then ends soon; its outcome is ignored, and an item that was not
  // cancelled goes back to its queue. Pass nullptr to take it back.
  virtual void on_stop(std::function<void()> stop) = 0;
};

// Thread-safe: one handler serves all workers of all stages that name it.
class Handler {
 public:
  virtual ~Handler() = default;
  // Does what a worker needs before its first item; called once for each, and again after an error. No item is taken from the
  // queue meanwhile, and a stage's start barrier waits for it. Must not block the thread. May throw.
  virtual boost::asio::awaitable<std::optional<Error>> prepare(Context&) { co_return std::nullopt; }
  // A worker that was prepared takes no more items: takes back what prepare() did for it. Any thread; must not block, nor
  // throw.
  virtual void dismiss() noexcept {}

  // Works on one item. Must not block the thread. May throw: the exception becomes a HANDLER_THREW failure.
  virtual boost::asio::awaitable<Outcome> run(const Input& input, Context& context) = 0;

  // No more items come: ends what lives on between items, and calls `done` when it has, from any thread and perhaps at once.
  // What is still worked on is not waited for longer than for limits::kDefaultGrace. Called once, while the executors of run()
  // still run.
  virtual void end(std::function<void()> done) { std::exchange(done, nullptr)(); }

  // "native", "subprocess", "coprocess", "builtin" or "remote".
  [[nodiscard]] virtual std::string_view kind() const = 0;
  [[nodiscard]] virtual std::string_view description() const = 0;
  [[nodiscard]] virtual std::optional<base::Duration> timeout() const { return std::nullopt; }
};

}  // namespace sluice::handlers
