#include "server/handlers/native.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/base/limits.h"
#include "server/handlers/function_crew.h"
#include "server/handlers/thread_pool.h"
#include "server/handlers/utf8.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxThreads = 1'000;

Error thrown(std::string message) {
  Error error;
  error.failure.reason = model::failure_reason::kHandlerThrew;
  error.failure.message = std::move(message);
  return error;
}

// What a handler says may be anything; what travels on is text of a bounded size.
Error tidy(Error error) {
  error.failure.message = first_characters(repair_utf8(error.failure.message), limits::kMaxFailureMessageBytes);
  return error;
}

// Calls `function`; whatever it throws becomes the outcome.
Outcome call(const NativeFunction& function, const Input& input) noexcept {
  try {
    return function(input);
  } catch (const HandlerFailure& failure) {
    return tidy(failure.error());
  } catch (const std::exception& exception) {
    return tidy(thrown(exception.what()));
  } catch (...) {
    return thrown("the handler threw something that is not a std::exception");
  }
}

// What a native handler calls. The input of `prepare` is empty, and it has no output.
struct Functions {
  NativeFunction run;
  NativeFunction prepare = nullptr;
  std::function<void()> dismiss = nullptr;
};

std::optional<Error> error_in(Outcome outcome) {
  if (auto* error = std::get_if<Error>(&outcome)) return std::move(*error);
  return std::nullopt;
}

class InlineHandler final : public Handler {
 public:
  InlineHandler(std::string description, Functions functions)
      : description_(std::move(description)), functions_(std::move(functions)) {}

  asio::awaitable<std::optional<Error>> prepare(Context&) override {
    if (!functions_.prepare) co_return std::nullopt;
    co_return error_in(call(functions_.prepare, Input{}));
  }
  void dismiss() noexcept override {
    if (functions_.dismiss) functions_.dismiss();
  }
  asio::awaitable<Outcome> run(const Input& input, Context&) override { co_return call(functions_.run, input); }
  [[nodiscard]] std::string_view kind() const override { return "native"; }
  [[nodiscard]] std::string_view description() const override { return description_; }

 private:
  const std::string description_;
  const Functions functions_;
};

// One call on another thread, and the coroutine that waits for it. Either may end first: the one that is left finds nothing of
// the other and owns all that it still uses.
class Call {
 public:
  Call(std::shared_ptr<const NativeFunction> function, const Input& input) : function_(std::move(function)), input_(input) {
    input_.stop = stop_.get_token();
  }

  // On the coroutine's executor. `alarm` ends the coroutine's wait when it is cancelled.
  void attach(asio::steady_timer& alarm) {
    const std::lock_guard lock(mutex_);
    alarm_ = &alarm;
  }
  // From here on the call touches neither the coroutine nor its executor.
  void detach() {
    const std::lock_guard lock(mutex_);
    alarm_ = nullptr;
  }
  void give_up() {
    stop_.request_stop();
    wake();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    if (alarm_ != nullptr) alarm_->cancel();
  }

  // Ends the call that no thread could be had for.
  void refuse(const char* why) {
    const std::lock_guard lock(mutex_);
    outcome_ = thrown(why);
    if (alarm_ != nullptr) alarm_->cancel();
  }

  // On the pool's thread.
  static void work(const std::shared_ptr<Call>& call) {
    {
      const std::lock_guard lock(call->mutex_);
      if (call->alarm_ == nullptr) return;
    }
    Outcome outcome = handlers::call(*call->function_, call->input_);
    const std::lock_guard lock(call->mutex_);
    if (call->alarm_ == nullptr) return;
    call->outcome_ = std::move(outcome);
    asio::post(call->alarm_->get_executor(), [call] { call->wake(); });
  }

  // After the wait: the outcome, or none if the item was given up.
  std::optional<Outcome> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(outcome_, std::nullopt);
  }

 private:
  const std::shared_ptr<const NativeFunction> function_;
  Input input_;  // not changed once it is called
  std::stop_source stop_;
  std::mutex mutex_;
  asio::steady_timer* alarm_ = nullptr;
  std::optional<Outcome> outcome_;
};

// Ties a call to a coroutine's frame: it lets go also when the frame is destroyed where it waits.
class Attachment {
 public:
  Attachment(Call& call, asio::steady_timer& alarm) : call_(call) { call_.attach(alarm); }
  ~Attachment() { call_.detach(); }
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

 private:
  Call& call_;
};

class ThreadedHandler final : public Handler {
 public:
  ThreadedHandler(std::string description, Functions functions, std::size_t max_threads)
      : description_(std::move(description)),
        functions_(std::make_shared<const Functions>(std::move(functions))),
        pool_(std::clamp<std::size_t>(max_threads, 1, kMaxThreads)) {}

  asio::awaitable<std::optional<Error>> prepare(Context& context) override {
    if (!functions_->prepare) co_return std::nullopt;
    const Input nothing;
    std::shared_ptr<const NativeFunction> function(functions_, &functions_->prepare);
    co_return error_in(co_await call_on_pool(std::move(function), nothing, context));
  }
  // The end of what a function holds may block as the function does.
  void dismiss() noexcept override {
    if (!functions_->dismiss) return;
    try {
      pool_.run([functions = functions_] { functions->dismiss(); });
    } catch (const std::exception&) {
      functions_->dismiss();
    }
  }
  asio::awaitable<Outcome> run(const Input& input, Context& context) override {
    return call_on_pool(std::shared_ptr<const NativeFunction>(functions_, &functions_->run), input, context);
  }

  [[nodiscard]] std::string_view kind() const override { return "native"; }
  [[nodiscard]] std::string_view description() const override { return description_; }

 private:
  asio::awaitable<Outcome> call_on_pool(std::shared_ptr<const NativeFunction> function, const Input& input, Context& context) {
    const auto call = std::make_shared<Call>(std::move(function), input);
    asio::steady_timer alarm(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    const Attachment attachment(*call, alarm);
    context.on_stop([call] { call->give_up(); });
    co_await begin_and_wait(alarm, call);
    context.on_stop(nullptr);
    auto outcome = call->take();
    co_return outcome ? *std::move(outcome) : thrown("given up while the function ran");
  }

  // The call begins only once the coroutine waits, so that its end cannot be missed.
  asio::awaitable<void> begin_and_wait(asio::steady_timer& alarm, const std::shared_ptr<Call>& call) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [this, &alarm, call](auto handler) {
          auto work = [call] { Call::work(call); };
          alarm.async_wait([handler = std::move(handler)](const boost::system::error_code&) mutable { std::move(handler)(); });
          try {
            pool_.run(std::move(work));
          } catch (const std::exception& exception) {
            call->refuse(exception.what());
          }
        },
        asio::use_awaitable);
  }

  const std::string description_;
  const std::shared_ptr<const Functions> functions_;
  ThreadPool pool_;
};

std::shared_ptr<Handler> make(std::string description, Runs runs, Functions functions, std::size_t max_threads) {
  if (runs == Runs::kInline) return std::make_shared<InlineHandler>(std::move(description), std::move(functions));
  return std::make_shared<ThreadedHandler>(std::move(description), std::move(functions), max_threads);
}

}  // namespace

std::shared_ptr<Handler> make_native(std::string description, Runs runs, NativeFunction function, std::size_t max_threads) {
  return make(std::move(description), runs, {.run = std::move(function)}, max_threads);
}

std::shared_ptr<Handler> make_native_per_worker(std::string description, Runs runs, NativeFactory factory,
                                                std::size_t max_threads) {
  const auto crew = std::make_shared<FunctionCrew>(std::move(factory));
  Functions functions{.run = [crew](const Input& input) { return (*crew)(input); },
                      .prepare =
                          [crew](const Input& input) {
                            crew->grow(input.stop);
                            return std::vector<Output>();
                          },
                      .dismiss = [crew] { crew->shrink(); }};
  return make(std::move(description), runs, std::move(functions), max_threads);
}

}  // namespace sluice::handlers
