#include "server/handlers/builtins.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/handlers/duration_text.h"
#include "server/handlers/native.h"
#include "server/model/pipeline_spec.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::size_t kMaxMessageBytes = 200;
constexpr base::Duration kMaxSpin = std::chrono::seconds(10);

const std::string* find(const Input& input, std::string_view key) {
  for (const auto& [name, value] : input.body->attributes) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::vector<Output> one(std::string payload) {
  std::vector<Output> outputs;
  outputs.push_back({.payload = std::move(payload), .attributes = std::nullopt});
  return outputs;
}

std::vector<Output> identity(const Input& input) { return one(input.body->payload); }

std::vector<Output> upper(const Input& input) {
  std::string text = input.body->payload;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return one(std::move(text));
}

std::vector<Output> lines(const Input& input) {
  std::vector<Output> outputs;
  std::string_view rest = input.payload();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    outputs.push_back({.payload = std::string(rest.substr(0, end)), .attributes = std::nullopt});
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return outputs;
}

std::vector<Output> fail(const Input& input) {
  Error error;
  const std::string* message = find(input, "message");
  error.failure.message = message != nullptr ? *message : std::string(input.payload().substr(0, kMaxMessageBytes));
  if (error.failure.message.empty()) error.failure.message = "builtin.fail always fails";
  const std::string* final = find(input, "do_not_retry");
  error.do_not_retry = final != nullptr && *final == "true";
  throw HandlerFailure(std::move(error));
}

// Throws HandlerFailure.
base::Duration duration_of(const Input& input) {
  const std::string* attribute = find(input, "sleep");
  const auto duration = parse_duration(attribute != nullptr ? std::string_view(*attribute) : input.payload());
  if (duration) return *duration;
  Error error;
  error.failure.reason = model::failure_reason::kBadArgument;
  error.failure.message = "neither the attribute \"sleep\" nor the payload is a duration such as 100ms, 1.5s or 2m";
  error.do_not_retry = true;
  throw HandlerFailure(std::move(error));
}

std::vector<Output> block(const Input& input) {
  std::this_thread::sleep_for(duration_of(input));
  return identity(input);
}

std::vector<Output> spin(const Input& input) {
  const auto end = steady_clock::now() + std::min(duration_of(input), kMaxSpin);
  while (steady_clock::now() < end) {
  }
  return identity(input);
}

class SleepHandler final : public Handler {
 public:
  asio::awaitable<Outcome> run(const Input& input, Context& context) override {
    base::Duration duration{};
    try {
      duration = duration_of(input);
    } catch (const HandlerFailure& failure) {
      co_return failure.error();
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    context.on_stop([&timer] { timer.cancel(); });
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    context.on_stop(nullptr);
    co_return identity(input);
  }
  [[nodiscard]] std::string_view kind() const override { return "builtin"; }
  [[nodiscard]] std::string_view description() const override {
    return "Waits as long as attribute \"sleep\" or the payload says, then hands the item on";
  }
};

// Stands for workers that attach to the stage; a stage that names it has none in the server.
class RemoteHandler final : public Handler {
 public:
  asio::awaitable<Outcome> run(const Input&, Context&) override {
    Error error;
    error.failure.reason = model::failure_reason::kHandlerMissing;
    error.failure.message = "the work of this stage is done by remote workers only";
    co_return error;
  }
  [[nodiscard]] std::string_view kind() const override { return "remote"; }
  [[nodiscard]] std::string_view description() const override {
    return "Nothing in the server: workers attach to the stage (sluice work --stage)";
  }
};

// A native handler that says it is built in.
class Builtin final : public Handler {
 public:
  explicit Builtin(std::shared_ptr<Handler> inner) : inner_(std::move(inner)) {}
  asio::awaitable<Outcome> run(const Input& input, Context& context) override { return inner_->run(input, context); }
  [[nodiscard]] std::string_view kind() const override { return "builtin"; }
  [[nodiscard]] std::string_view description() const override { return inner_->description(); }

 private:
  const std::shared_ptr<Handler> inner_;
};

}  // namespace

absl::Status add_builtins(Registry& registry) {
  absl::Status status = registry.add("builtin.sleep", std::make_shared<SleepHandler>());
  if (status.ok()) status = registry.add(std::string(model::kRemoteHandler), std::make_shared<RemoteHandler>());
  const auto add = [&](std::string name, std::string description, Runs runs, NativeFunction function) {
    if (!status.ok()) return;
    auto native = make_native(std::move(description), runs, std::move(function));
    status = registry.add(std::move(name), std::make_shared<Builtin>(std::move(native)));
  };
  add("builtin.identity", "Hands the item on as it is", Runs::kInline, identity);
  add("builtin.upper", "Turns a-z into A-Z", Runs::kInline, upper);
  add("builtin.lines", "One output for each line of the payload", Runs::kInline, lines);
  add("builtin.discard", "No output", Runs::kInline, [](const Input&) { return std::vector<Output>(); });
  add("builtin.fail", "Always fails; attributes \"message\" and \"do_not_retry\" say how", Runs::kInline, fail);
  add("builtin.block", "Blocks a thread of its own as long as attribute \"sleep\" or the payload says", Runs::kOnOwnThread,
      block);
  add("builtin.spin", "Holds the server's own thread as long as attribute \"sleep\" or the payload says: never do this",
      Runs::kInline, spin);
  return status;
}

}  // namespace sluice::handlers
