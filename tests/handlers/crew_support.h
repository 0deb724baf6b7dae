// Runs a handler whose children stay alive, as the server does: on threads that stay, until it is told to end.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "server/handlers/coprocess.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {

// An item that is under way.
class Pending {
 public:
  explicit Pending(std::shared_future<Outcome> outcome, std::shared_ptr<std::function<void()>> stop = nullptr)
      : outcome_(std::move(outcome)), stop_(std::move(stop)) {}

  // Waits; fails the test after kPatience.
  [[nodiscard]] Outcome outcome() const;
  [[nodiscard]] std::string output() const { return output_of(outcome()); }
  [[nodiscard]] Error error() const { return error_of(outcome()); }
  [[nodiscard]] std::string reason() const { return error().failure.reason; }
  [[nodiscard]] bool is_over() const;
  // As the server does when the item is to be given up.
  void stop() const { (*stop_)(); }

 private:
  std::shared_future<Outcome> outcome_;
  std::shared_ptr<std::function<void()>> stop_;
};

class Workers {
 public:
  explicit Workers(CoprocessSpec spec, std::size_t threads = 2);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Each on a strand of its own, with an id of its own.
  Pending put(std::string payload, model::Attributes attributes = {}, std::shared_ptr<ProgressSink> sink = nullptr);
  // Puts it and waits for its one output.
  std::string result(std::string payload) { return put(std::move(payload)).output(); }

  // Ends the handler and waits until it has.
  void end();
  // Stops its threads and destroys their context, without a word to the handler.
  void vanish();
  [[nodiscard]] Handler& handler() { return *handler_; }
  [[nodiscard]] std::uint64_t exits(std::string_view reason) const;

 private:
  std::shared_ptr<Handler> handler_;
  std::unique_ptr<boost::asio::io_context> io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::jthread> threads_;
  std::uint64_t next_id_ = 100;
  bool ended_ = false;
};

// coprocess_child.py with what the tests change.
[[nodiscard]] CoprocessSpec obedient();
[[nodiscard]] CoprocessSpec by_lines(std::string script);

}  // namespace sluice::handlers
