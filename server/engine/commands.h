// The commands that may wait for their answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/limits.h"
#include "server/model/ids.h"
#include "server/model/item.h"

namespace sluice::engine {

struct PutCommand {
  std::string queue;
  std::vector<model::NewItem> items;  // not empty
  base::Time give_up = base::kNever;  // QUEUE_FULL then; `now` or earlier = do not wait
  std::string request_id;             // empty: not remembered
  // Each item on its own, in their order, as there is room: answered part by part, and never BATCH_TOO_LARGE. An error ends
  // it: what was answered before stays put, the rest is not. Without a request_id.
  bool one_by_one = false;
};

struct GetCommand {
  std::string queue;
  std::uint32_t max_items = 1;
  std::size_t max_bytes = limits::kMaxGetBytes;  // besides the first item
  base::Time give_up = base::kNever;             // an answer without items then; `now` or earlier = do not wait
  std::optional<base::Duration> lease_duration;  // absent: the queue's; Duration::max() = never runs out
  std::string consumer;
  std::string stage;  // set by stage workers; recorded with failures
  // Set for an attached worker: of its stage's input. Nothing while the stage is paused; the end is that of the stage.
  model::WorkerId worker{};
};

struct OutputItem {
  std::string queue;
  model::NewItem item;
};

struct CompleteCommand {
  std::string queue;
  model::LeaseId lease{};
  std::vector<OutputItem> outputs;
  base::Time give_up = base::kNever;  // QUEUE_FULL then
  std::string request_id;
};

// Never waits.
struct FailCommand {
  std::string queue;
  model::LeaseId lease{};
  model::Failure failure;
  bool do_not_retry = false;
  std::optional<base::Duration> retry_delay;  // instead of the policy's backoff
  std::string request_id;
};

struct JoinCommand {
  std::string name;  // of the queue or pipeline
  base::Duration progress_interval = limits::kDefaultProgressInterval;
  std::optional<std::uint64_t> since_idle_count;
};

}  // namespace sluice::engine
