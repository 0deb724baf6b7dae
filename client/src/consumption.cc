#include "client/src/consumption.h"

#include <exception>
#include <utility>

#include "client/src/held_item.h"

namespace sluice::internal {

Consumption::Consumption(std::shared_ptr<Connection> connection, std::string queue, ConsumeOptions options)
    : connection_(std::move(connection)),
      queue_(std::move(queue)),
      options_(std::move(options)),
      exceptions_before_(std::uncaught_exceptions()),
      reconnection_(connection_->options()) {}

Consumption::~Consumption() {
  finish_quietly();
  give_back();
}

void Consumption::next() {
  current_.reset();
  auto item = options_.lease_duration ? next_by_call() : next_of_stream();
  if (item) current_.emplace(std::move(item));
}

std::unique_ptr<HeldItem> Consumption::next_by_call() {
  while (ahead_.empty()) {
    if (options_.stop.stop_requested()) return nullptr;
    try {
      Taken taken =
          take(connection_, queue_, options_.prefetch, {.lease_duration = options_.lease_duration, .stop = options_.stop});
      for (auto& item : taken.items) ahead_.push_back(std::move(item));
      if (taken.end_of_queue && ahead_.empty()) return nullptr;
    } catch (const Cancelled&) {
      return nullptr;
    }
  }
  if (options_.stop.stop_requested()) return nullptr;
  auto item = std::move(ahead_.front());
  ahead_.pop_front();
  return item;
}

std::unique_ptr<HeldItem> Consumption::next_of_stream() {
  while (!options_.stop.stop_requested()) {
    try {
      if (!stream_) {
        reconnection_.opening();
        stream_ = std::make_shared<ItemStream>(connection_, queue_, options_.prefetch, options_.stop);
        reconnection_.opened();
      }
      auto item = stream_->next(options_.stop);
      reconnection_.moved();
      return item;
    } catch (const Error& error) {
      stream_.reset();
      if (options_.stop.stop_requested()) return nullptr;
      if (!reconnection_.again(error, options_.stop)) throw;
    }
  }
  return nullptr;
}

void Consumption::finish() {
  if (!current_ || current_->ended()) {
    if (current_ && current_->lost()) tell(LeaseLost(Code::kFailedPrecondition, "LEASE_LOST", "the item's lease was lost"));
    return;
  }
  try {
    current_->done();
  } catch (const LeaseLost& error) {
    tell(error);
  }
}

void Consumption::finish_quietly() noexcept {
  if (!current_ || current_->ended()) return;
  try {
    if (std::uncaught_exceptions() > exceptions_before_) {
      current_->fail({.reason = "HANDLER_THREW", .message = "an exception left the body of the consumer's loop"});
    } else {
      current_->done();
    }
  } catch (const Error& error) {
    tell(error);
  } catch (const std::exception&) {
    // The lease runs out by itself.
  }
}

void Consumption::give_back() noexcept {
  if (ahead_.empty()) return;
  try {
    v1::ReleaseRequest request;
    request.set_queue(queue_);
    for (const auto& item : ahead_) request.add_lease_tokens(item->token());
    connection_->call(request);
  } catch (const Error& error) {
    tell(error);
  } catch (const std::exception&) {
    // Their leases run out by themselves.
  }
}

void Consumption::tell(const Error& error) const {
  if (options_.on_lost) options_.on_lost(error);
}

}  // namespace sluice::internal
