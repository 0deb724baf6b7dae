// Be a worker of a stage, on this machine: take its items, let a function work on them, send the results. The server does the
// rest as for its own workers: it puts the results into the stage's output in the step that ends the item, and tries failures
// again as the stage's retry policy says.
//
//   sluice::work(client.pipeline("letters"), "shout", [](const sluice::StageItem& item) { return to_upper(item.payload); },
//                {.concurrency = 4});
//
// Returns when the stage is finished, or when its stop_token is triggered and what runs has ended. Attaches again by itself
// when the connection breaks; the items that were held then are somebody else's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sluice/pipeline.h"
#include "sluice/worker.h"

namespace sluice {

namespace internal {
class ItemReports;
}

// An item of a stage, for as long as this worker holds it.
struct StageItem {
  ItemId id = 0;
  std::string payload = {};
  Attributes attributes = {};
  std::int64_t priority = 0;
  std::uint32_t attempt = 0;  // 1 at the first delivery
  Time put_time = {};
  std::optional<Failure> last_failure = {};  // why the attempt before this one failed
  std::string pipeline = {};
  std::string stage = {};
  std::string queue = {};  // the stage's input

  // The attribute's value, or `otherwise` where there is none.
  [[nodiscard]] std::string attribute(const std::string& key, const std::string& otherwise = {}) const;
  // True once it is known that somebody else gets the item: whatever is still being done for it can stop. Any thread may ask.
  [[nodiscard]] bool lost() const { return (given_away && *given_away) || cancelled.stop_requested(); }

  // Stopped when the item is cancelled while this worker holds it. What is made of it then is dropped.
  std::stop_token cancelled = {};

  // As Item::progress(). Any thread.
  void progress(std::optional<double> fraction, std::string_view message = {}) const;

  // What that uses; null: nobody wants to know.
  std::shared_ptr<internal::ItemReports> reports = {};

  // Shared by all items of one connection to the server.
  std::shared_ptr<const std::atomic<bool>> given_away = {};
};

// A result, for the stage's output queue. It has the priority of its item.
struct StageOutput {
  std::string payload = {};                   // at most 4 MiB
  std::optional<Attributes> attributes = {};  // absent: the item's
};

struct StageWorkOptions {
  // What the worker calls itself in lists. Default: ClientOptions::consumer.
  std::string name = {};
  // Items worked on at once, each on a thread of its own.
  std::size_t concurrency = 1;
  // Items held besides, so that the next one is there when one ends. Others wait for them longer than need be.
  std::size_t prefetch = 0;
  // Ends the work: what runs is ended, what was not begun goes back untouched.
  std::stop_token stop = {};
  // Told, on a thread of the work's own, of every item that failed or was lost. May be called by several threads at once.
  std::function<void(const StageItem& item, const std::exception& error)> on_error = {};
};

using StageFunction = std::function<std::vector<StageOutput>(const StageItem&)>;

// An exception of `function` fails the attempt (reason HANDLER_THREW, its what() as the message; PermanentFailure dead-letters
// the item) and stops nothing else. NotFound when there is no such stage, or not any more. Unavailable when the server cannot
// be reached for as long as ClientOptions allow.
WorkResult work_stage(const Pipeline& pipeline, const std::string& stage, const StageFunction& function,
                      const StageWorkOptions& options = {});

// The same for a function that returns nothing, a payload, a StageOutput, or an optional or vector of them.
template <class Function>
WorkResult work(const Pipeline& pipeline, const std::string& stage, Function function, const StageWorkOptions& options = {}) {
  using Result = std::invoke_result_t<Function&, const StageItem&>;
  return work_stage(
      pipeline, stage,
      [&function](const StageItem& item) {
        std::vector<StageOutput> outputs;
        if constexpr (std::is_void_v<Result>) {
          function(item);
        } else if constexpr (std::is_same_v<Result, std::vector<StageOutput>>) {
          outputs = function(item);
        } else if constexpr (std::is_same_v<Result, std::optional<StageOutput>>) {
          if (auto output = function(item)) outputs.push_back(std::move(*output));
        } else if constexpr (std::is_same_v<Result, StageOutput>) {
          outputs.push_back(function(item));
        } else {
          static_assert(std::is_convertible_v<Result, std::string>,
                        "returns void, a payload, StageOutput, or an optional or vector of them");
          outputs.push_back({.payload = function(item)});
        }
        return outputs;
      },
      options);
}

}  // namespace sluice
