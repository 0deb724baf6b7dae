#include "server/runtime/stage_worker.h"

#include <exception>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/base/errors.h"
#include "server/handlers/native.h"
#include "server/log/log.h"
#include "server/model/trace_context.h"
#include "server/runtime/stage_output.h"
#include "server/runtime/stage_pool.h"

namespace sluice::runtime {
namespace {

namespace asio = boost::asio;
using base::Reason;
using handlers::Outcome;
using model::Delivery;
using Result = StageActivity::Result;

handlers::Error error_of(std::string_view reason, std::string message, bool do_not_retry = false) {
  handlers::Error error;
  error.failure.reason = reason;
  error.failure.message = std::move(message);
  error.do_not_retry = do_not_retry;
  return error;
}

void keep_head(std::string& text, std::size_t most) {
  if (text.size() > most) text.resize(most);
}

void keep_tail(std::string& text, std::size_t most) {
  if (text.size() > most) text.erase(0, text.size() - most);
}

}  // namespace

StageWorker::StageWorker(Runtime& runtime, const base::Clock& clock, std::shared_ptr<StagePool> pool,
                         asio::any_io_executor executor)
    : runtime_(runtime),
      clock_(clock),
      pool_(std::move(pool)),
      executor_(std::move(executor)),
      intake_(executor_),
      // Counted before anybody hears that the queue is done.
      delivery_(executor_,
                [this](const engine::Answer& answer) {
                  if (std::get<engine::CompleteAnswer>(answer).status.ok()) pool_->activity().end(work_, Result::kSucceeded);
                }),
      context_(executor_, pool_->activity()) {}

void StageWorker::start() {
  asio::post(executor_, [self = shared_from_this()] {
    asio::co_spawn(self->executor_, self->run(), [self](const std::exception_ptr& failure) {
      // Handlers' exceptions never come this far. What does, such as a lack of memory, leaves an item in an unknown state.
      if (failure) std::rethrow_exception(failure);
      self->pool_->ended(*self);
    });
  });
}

void StageWorker::stop() {
  asio::post(executor_, [self = shared_from_this()] { self->context_.stop(); });
}

void StageWorker::revoked(model::LeaseId lease) {
  asio::post(executor_, [self = shared_from_this(), lease] {
    self->revoked_ = lease;
    if (lease == self->lease_) self->context_.stop_item();
  });
}

asio::awaitable<void> StageWorker::run() {
  if (!co_await prepare()) co_return;
  while (std::optional<Delivery> item = co_await take()) {
    Outcome outcome = co_await work_on(*item);
    co_await hand_on(*item, std::move(outcome));
  }
  if (const auto& handler = pool_->handler()) handler->dismiss();
}

asio::awaitable<bool> StageWorker::prepare() {
  while (const auto error = co_await prepare_handler()) {
    if (pool_->leaves(*this)) co_return false;
    log::warn("a worker could not prepare; it tries again",
              {{"pipeline", pool_->pipeline()}, {"stage", pool_->spec().name}, {"error", error->failure.message}});
    asio::steady_timer pause(executor_, limits::kPreparePause);
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return true;
}

asio::awaitable<std::optional<handlers::Error>> StageWorker::prepare_handler() {
  const auto handler = pool_->handler();
  if (!handler) co_return std::nullopt;
  try {
    co_return co_await handler->prepare(context_);
  } catch (const std::exception& exception) {
    co_return error_of(model::failure_reason::kHandlerThrew, exception.what());
  } catch (...) {
    co_return error_of(model::failure_reason::kHandlerThrew, "the handler threw something that is no std::exception");
  }
}

asio::awaitable<std::optional<Delivery>> StageWorker::take() {
  for (;;) {
    Waiter::Ending ending = co_await intake_.wait([this] { pool_->get_for(*this); });
    if (!ending) co_return std::nullopt;
    auto& got = std::get<engine::GetAnswer>(*ending);
    pool_->activity().count_wakeup(got.items.empty() && !got.end_of_queue);
    if (!got.items.empty()) {
      if (got.items.front().lease == revoked_) continue;
      if (!begin(got.items.front())) co_return std::nullopt;
      co_return std::move(got.items.front());
    }
    // The item that was in it has ended meanwhile.
    if (got.status.ok() && !got.end_of_queue) continue;
    if (!base::is(got.status, Reason::kLimitReached)) co_return std::nullopt;
    asio::steady_timer pause(executor_, limits::kStageRetryPause);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

bool StageWorker::begin(const Delivery& item) {
  started_ = clock_.now();
  lease_ = item.lease;
  const auto work = pool_->activity().begin({.item = item.item, .start_time = started_, .attempt = item.attempt}, item.lease);
  if (work) {
    work_ = *work;
    context_.begin(work_, [this](model::Progress&& progress) { show(std::move(progress)); });
  } else {
    pool_->release(item.lease);
  }
  return work.has_value();
}

void StageWorker::show(model::Progress&& progress) {
  progress.time = clock_.now();
  const bool says_something = progress.says_something();
  pool_->activity().set_progress(work_, says_something ? std::make_shared<const model::Progress>(progress) : nullptr);
  runtime_.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    engine.report(now, pool_->spec().input, lease_, std::move(progress), effects).IgnoreError();
  });
}

asio::awaitable<Outcome> StageWorker::work_on(const Delivery& item) {
  const model::StageSpec& stage = pool_->spec();
  const auto handler = pool_->handler();
  if (!handler) {
    co_return error_of(model::failure_reason::kHandlerMissing,
                       fmt::format("there is no handler \"{}\"; put it into the server's configuration", stage.handler));
  }
  const handlers::Input input{.item = item.item,
                              .body = item.body,
                              .attempt = item.attempt,
                              .queue = stage.input,
                              .pipeline = pool_->pipeline(),
                              .stage = stage.name,
                              .progress_sink = context_.progress_sink()};
  try {
    co_return co_await handler->run(input, context_);
  } catch (const handlers::HandlerFailure& failure) {
    co_return failure.error();
  } catch (const std::exception& exception) {
    co_return error_of(model::failure_reason::kHandlerThrew, exception.what());
  } catch (...) {
    co_return error_of(model::failure_reason::kHandlerThrew, "the handler threw something that is no std::exception");
  }
}

asio::awaitable<void> StageWorker::hand_on(const Delivery& item, Outcome outcome) {
  context_.end();
  pool_->activity().count_run(clock_.now() - started_);
  // Whatever came out of it.
  if (item.lease == revoked_) co_return pool_->activity().end(work_, Result::kGivenUp);
  if (auto* error = std::get_if<handlers::Error>(&outcome)) co_return fail(item, std::move(*error));
  const auto status = co_await complete(item, std::get<std::vector<handlers::Output>>(std::move(outcome)));
  if (!status || base::is(*status, Reason::kLeaseLost)) {
    pool_->activity().end(work_, Result::kGivenUp);
  } else if (!status->ok()) {
    fail(item, refused_output(pool_->spec(), *status));
  }
}

asio::awaitable<std::optional<absl::Status>> StageWorker::complete(const Delivery& item,
                                                                   std::vector<handlers::Output> results) {
  engine::CompleteCommand command{.queue = pool_->spec().input, .lease = item.lease};
  if (auto status = give_results(pool_->spec(), item, std::move(results), command); !status.ok()) co_return status;
  const auto give = [this, &command] {
    runtime_.apply([this, &command](engine::Engine& engine, base::Time now, engine::Effects& effects) {
      engine.complete(now, std::move(command), delivery_, effects);
    });
  };
  const Waiter::Ending ending = co_await delivery_.wait(give);
  if (!ending) co_return std::nullopt;
  co_return std::get<engine::CompleteAnswer>(*ending).status;
}

// Neither the message nor standard error, which may repeat the payload: they travel with the item.
void StageWorker::log_failure(const Delivery& item, std::string_view reason) const {
  const auto trace = model::trace_of(item.body->attributes);
  log::warn("an attempt failed", {{"pipeline", pool_->pipeline()},
                                  {"stage", pool_->spec().name},
                                  {"item_id", model::number(item.item)},
                                  {"attempt", item.attempt},
                                  {"reason", reason},
                                  {"trace_id", trace ? trace->trace_id() : std::string_view()}});
}

void StageWorker::fail(const Delivery& item, handlers::Error error) {
  keep_head(error.failure.reason, limits::kMaxFailureReasonBytes);
  keep_head(error.failure.message, limits::kMaxFailureMessageBytes);
  keep_tail(error.failure.stderr_tail, limits::kMaxStderrTailBytes);
  const std::string reason = error.failure.reason;
  log_failure(item, reason);
  engine::FailCommand command{.queue = pool_->spec().input,
                              .lease = item.lease,
                              .failure = std::move(error.failure),
                              .do_not_retry = error.do_not_retry};
  runtime_.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    const bool failed = engine.fail(now, std::move(command), effects).ok();
    if (failed) pool_->activity().count_failure(reason);
    pool_->activity().end(work_, failed ? Result::kFailed : Result::kGivenUp);
  });
}

}  // namespace sluice::runtime
