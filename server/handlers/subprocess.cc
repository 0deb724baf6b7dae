#include "server/handlers/subprocess.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/handlers/exits.h"
#include "server/handlers/process/guard.h"
#include "server/handlers/process/program.h"
#include "server/handlers/subprocess/chain.h"
#include "server/handlers/subprocess/check.h"
#include "server/handlers/subprocess/plan.h"
#include "server/handlers/subprocess/verdict.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;

// Waits for the chain's end. While it waits, the chain belongs to its asynchronous operations alone, and the coroutine to the
// chain: so a context that is destroyed destroys both.
asio::awaitable<ChainEnd> end_of(std::shared_ptr<Chain> chain) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(ChainEnd)>(
      [chain = std::move(chain)](auto handler) mutable {
        const auto own = std::move(chain);
        own->wait([handler = std::move(handler)](ChainEnd end) mutable {
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor,
                     [handler = std::move(handler), end = std::move(end)]() mutable { std::move(handler)(std::move(end)); });
        });
      },
      asio::use_awaitable);
}

class SubprocessHandler final : public Handler, public HasChildren {
 public:
  explicit SubprocessHandler(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)), guard_(Guard::shared()) {}

  asio::awaitable<Outcome> run(const Input& input, Context& context) override {
    auto prepared = plan_->prepare(input);
    if (auto* error = std::get_if<Error>(&prepared)) co_return std::move(*error);
    const auto plan = plan_;
    auto chain = std::make_shared<Chain>(plan, guard_, co_await asio::this_coro::executor);
    chain->start(std::get<Launch>(prepared), input);
    context.set_pid(chain->group());
    context.on_stop([weak = std::weak_ptr(chain)] {
      if (const auto running = weak.lock()) running->give_up();
    });
    ChainEnd end = co_await end_of(std::move(chain));
    context.on_stop(nullptr);
    context.set_pid(0);
    const bool given_up = end.stopped == Stopped::kGivenUp;
    Outcome outcome = judge(*plan, std::move(end));
    exits_.count(given_up ? Exits::kGivenUp : reason_of(outcome));
    co_return outcome;
  }

  [[nodiscard]] std::string_view kind() const override { return "subprocess"; }
  [[nodiscard]] std::string_view description() const override { return plan_->spec().description; }
  [[nodiscard]] std::optional<base::Duration> timeout() const override { return plan_->spec().timeout; }
  [[nodiscard]] const Exits& exits() const override { return exits_; }

 private:
  static std::string_view reason_of(const Outcome& outcome) {
    const auto* error = std::get_if<Error>(&outcome);
    return error == nullptr ? Exits::kSucceeded : std::string_view(error->failure.reason);
  }

  const std::shared_ptr<const Plan> plan_;
  const std::shared_ptr<Guard> guard_;
  Exits exits_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Handler>> make_subprocess(SubprocessSpec spec) {
  auto plan = Plan::make(std::move(spec));
  if (!plan.ok()) return plan.status();
  heed_children();
  return std::make_shared<SubprocessHandler>(*std::move(plan));
}

std::vector<std::string> subprocess_warnings(const SubprocessSpec& spec) {
  if (auto checked = check(spec); !checked.ok()) return {std::string(checked.message())};
  const Surroundings surroundings(spec);
  std::vector<Program> programs;
  for (const CommandSpec& command : spec.commands) programs.emplace_back(command, surroundings);
  return warnings_of(surroundings, programs);
}

}  // namespace sluice::handlers
