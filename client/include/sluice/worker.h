// Work on a queue with N threads: the loop over a queue, many times at once, with results handed on.
//
//   sluice::work(tasks, [](sluice::Item& item) { return to_upper(item.payload()); }, {.concurrency = 4, .output = "done"});
//
// Returns when the queue is closed and drained, or when its stop_token is triggered and what runs has ended.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sluice/error.h"
#include "sluice/queue.h"

namespace sluice {

struct WorkOptions {
  // Items worked on at once, each on a thread of its own.
  std::size_t concurrency = 1;
  // The queue that results go to, in the same step that ends the item. Empty: results that name no queue are dropped.
  std::string output = {};
  // As in ConsumeOptions.
  std::optional<Duration> lease_duration = {};
  std::stop_token stop = {};
  // Told, on the worker's thread, of every item that failed or was lost. May be called by several threads at once.
  std::function<void(const Item& item, const std::exception& error)> on_error = {};
};

struct WorkResult {
  std::size_t done = 0;
  std::size_t failed = 0;
  std::size_t lost = 0;
};

// Thrown by a work function: the item is dead-lettered at once instead of being tried again. Any other exception fails the
// attempt.
struct PermanentFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using WorkFunction = std::function<std::vector<Output>(Item&)>;

// An exception of `function` fails its item (reason HANDLER_THREW, its what() as the message) and stops nothing else. An error
// of the connection that lasts ends all threads and is thrown here.
WorkResult work_outputs(const Queue& queue, const WorkFunction& function, const WorkOptions& options = {});

// The same for a function that returns nothing, a payload, a NewItem, an optional or vector of NewItem (to options.output), or
// a vector of Output.
template <class Function>
WorkResult work(const Queue& queue, Function function, const WorkOptions& options = {}) {
  using Result = std::invoke_result_t<Function&, Item&>;
  const std::string& to = options.output;
  return work_outputs(
      queue,
      [&function, &to](Item& item) {
        std::vector<Output> outputs;
        const auto add = [&](NewItem result) {
          if (!to.empty()) outputs.push_back(Output{.queue = to, .item = std::move(result)});
        };
        if constexpr (std::is_void_v<Result>) {
          function(item);
        } else if constexpr (std::is_same_v<Result, std::vector<Output>>) {
          outputs = function(item);
        } else if constexpr (std::is_same_v<Result, std::vector<NewItem>>) {
          for (NewItem& result : function(item)) add(std::move(result));
        } else if constexpr (std::is_same_v<Result, std::optional<NewItem>>) {
          if (auto result = function(item)) add(std::move(*result));
        } else if constexpr (std::is_same_v<Result, NewItem>) {
          add(function(item));
        } else {
          static_assert(std::is_convertible_v<Result, std::string>,
                        "returns void, a payload, NewItem, or a collection of them");
          add(NewItem{.payload = function(item), .attributes = item.attributes()});
        }
        return outputs;
      },
      options);
}

}  // namespace sluice
