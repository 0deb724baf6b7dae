#include "server/wire/spec.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/time.h"

namespace sluice::wire {
namespace {

using base::Reason;

// How the API writes "no dead-letter queue".
constexpr std::string_view kNone = "-";

constexpr std::int32_t kMaxExitCode = 255;

constexpr DurationRange kLeases{limits::kMinLease, limits::kMaxLease};
constexpr DurationRange kBackoffs{base::Duration{0}, limits::kMaxBackoff};

// 0: for ever.
base::Duration read_time_to_live(Reader& reader, const Field& field, const google::protobuf::Duration& value) {
  if (value.seconds() == 0 && value.nanos() == 0) return base::Duration{0};
  return reader.duration(field, value, {limits::kMinTimeToLive, limits::kMaxTimeToLive});
}

std::optional<model::QueueOrder> read_order(Reader& reader, const Field& field, v1::QueueOrder order) {
  switch (order) {
    case v1::QUEUE_ORDER_UNSPECIFIED:
      return std::nullopt;
    case v1::QUEUE_ORDER_FIFO:
      return model::QueueOrder::kFifo;
    case v1::QUEUE_ORDER_LIFO:
      return model::QueueOrder::kLifo;
    case v1::QUEUE_ORDER_PRIORITY:
      return model::QueueOrder::kPriority;
    default:
      reader.complain(Reason::kInvalidValue, field,
                      fmt::format("{} is no order; 0 (the default), 1 (FIFO), 2 (LIFO) and 3 (PRIORITY) are", int{order}));
      return std::nullopt;
  }
}

v1::QueueOrder order_message(model::QueueOrder order) {
  switch (order) {
    case model::QueueOrder::kFifo:
      return v1::QUEUE_ORDER_FIFO;
    case model::QueueOrder::kLifo:
      return v1::QUEUE_ORDER_LIFO;
    case model::QueueOrder::kPriority:
      return v1::QUEUE_ORDER_PRIORITY;
  }
  return v1::QUEUE_ORDER_UNSPECIFIED;
}

std::optional<model::Durability> read_durability(Reader& reader, const Field& field, v1::Durability durability) {
  switch (durability) {
    case v1::DURABILITY_UNSPECIFIED:
      return std::nullopt;
    case v1::DURABILITY_SYNC:
      return model::Durability::kSync;
    case v1::DURABILITY_MEMORY:
      return model::Durability::kMemory;
    default:
      reader.complain(Reason::kInvalidValue, field,
                      fmt::format("{} is no durability; 0 (the default), 1 (SYNC) and 2 (MEMORY) are", int{durability}));
      return std::nullopt;
  }
}

v1::Durability durability_message(model::Durability durability) {
  return durability == model::Durability::kMemory ? v1::DURABILITY_MEMORY : v1::DURABILITY_SYNC;
}

std::string read_dead_letter_queue(Reader& reader, const Field& field, std::string_view value, std::string_view queue) {
  if (value == kNone) return {};
  if (value.empty()) {
    reader.complain(Reason::kInvalidName, field, R"(is empty; leave it out for the default, or write "-" for none)");
  } else if (value == queue) {
    reader.complain(Reason::kInvalidValue, field, "is the queue itself; a queue cannot take its own dead letters");
  }
  return reader.name(field, value);
}

std::vector<std::int32_t> read_exit_codes(Reader& reader, const Field& at, const v1::ExitCodes& codes) {
  std::vector<std::int32_t> read;
  if (static_cast<std::size_t>(codes.codes_size()) > limits::kMaxFinalExitCodes) {
    reader.complain(Reason::kInvalidValue, at,
                    fmt::format("has {} codes; at most {} are allowed", codes.codes_size(), limits::kMaxFinalExitCodes));
    return read;
  }
  for (int i = 0; i < codes.codes_size(); ++i) {
    const std::int32_t code = codes.codes(i);
    if (code < 0 || code > kMaxExitCode) {
      reader.complain(Reason::kInvalidValue, {at, "codes", static_cast<std::size_t>(i)},
                      fmt::format("{} is no exit code; 0 to {} are", code, kMaxExitCode));
    }
    read.push_back(code);
  }
  std::ranges::sort(read);
  read.erase(std::unique(read.begin(), read.end()), read.end());
  return read;
}

}  // namespace

void read_retry(Reader& reader, const Field& at, const v1::RetryPolicy& retry, model::QueueSettingsPatch& patch) {
  if (retry.has_max_attempts()) {
    patch.max_attempts = reader.number({at, "max_attempts"}, retry.max_attempts(), 0U, limits::kMaxAttempts);
  }
  if (retry.has_initial_backoff()) {
    patch.initial_backoff = reader.duration({at, "initial_backoff"}, retry.initial_backoff(), kBackoffs);
  }
  if (retry.has_max_backoff()) patch.max_backoff = reader.duration({at, "max_backoff"}, retry.max_backoff(), kBackoffs);
  if (retry.has_multiplier()) {
    patch.multiplier = reader.fraction({at, "multiplier"}, retry.multiplier(), 1.0, limits::kMaxBackoffMultiplier);
  }
  if (retry.has_jitter()) patch.jitter = reader.fraction({at, "jitter"}, retry.jitter(), 0.0, 1.0);
  if (retry.has_max_lost_attempts()) {
    patch.max_lost_attempts = reader.number({at, "max_lost_attempts"}, retry.max_lost_attempts(), 0U, limits::kMaxAttempts);
  }
  if (retry.has_final_exit_codes()) {
    patch.final_exit_codes = read_exit_codes(reader, {at, "final_exit_codes"}, retry.final_exit_codes());
  }
}

model::QueueSettingsPatch read_settings(Reader& reader, const Field& at, const v1::QueueSettings& settings,
                                        std::string_view name) {
  model::QueueSettingsPatch patch;
  if (settings.has_capacity()) {
    patch.capacity = reader.number({at, "capacity"}, settings.capacity(), 0U, limits::kMaxCapacity);
  }
  patch.order = read_order(reader, {at, "order"}, settings.order());
  patch.durability = read_durability(reader, {at, "durability"}, settings.durability());
  if (settings.has_lease_duration()) {
    patch.lease_duration = reader.duration({at, "lease_duration"}, settings.lease_duration(), kLeases);
  }
  read_retry(reader, {at, "retry"}, settings.retry(), patch);
  if (settings.has_dead_letter_queue()) {
    patch.dead_letter_queue = read_dead_letter_queue(reader, {at, "dead_letter_queue"}, settings.dead_letter_queue(), name);
  }
  if (settings.has_time_to_live()) {
    patch.time_to_live = read_time_to_live(reader, {at, "time_to_live"}, settings.time_to_live());
  }
  if (settings.has_dead_letter_expired()) patch.dead_letter_expired = settings.dead_letter_expired();
  if (settings.has_dedup_window()) {
    patch.dedup_window =
        reader.duration({at, "dedup_window"}, settings.dedup_window(), {limits::kMinDedupWindow, limits::kMaxDedupWindow});
  }
  return patch;
}

model::QueueSpec read_queue_spec(Reader& reader, const Field& at, const v1::QueueSpec& spec) {
  model::QueueSpec queue;
  queue.name = reader.new_name({at, "name"}, spec.name());
  queue.settings = read_settings(reader, {at, "settings"}, spec.settings(), queue.name);
  return queue;
}

absl::Status check_settings(const model::QueueSettings& settings, const Field& at) {
  Reader reader;
  if (settings.retry.max_backoff < settings.retry.initial_backoff) {
    const Field retry(at, "retry");
    reader.complain(Reason::kInvalidValue, {retry, "max_backoff"},
                    fmt::format("{} is less than initial_backoff, {}; {} to {} is allowed",
                                duration_text(settings.retry.max_backoff), duration_text(settings.retry.initial_backoff),
                                duration_text(settings.retry.initial_backoff), duration_text(limits::kMaxBackoff)));
  }
  return reader.status();
}

absl::StatusOr<model::QueueSpec> queue_spec(const v1::QueueSpec& spec, const Field& at) {
  Reader reader;
  auto queue = read_queue_spec(reader, at, spec);
  if (!reader.ok()) return reader.status();
  if (auto fits = check_settings(queue.initial_settings(), {at, "settings"}); !fits.ok()) return fits;
  return queue;
}

v1::RetryPolicy retry_message(const model::RetryPolicy& retry) {
  v1::RetryPolicy message;
  message.set_max_attempts(retry.max_attempts);
  set_duration(retry.initial_backoff, *message.mutable_initial_backoff());
  set_duration(retry.max_backoff, *message.mutable_max_backoff());
  message.set_multiplier(retry.multiplier);
  message.set_jitter(retry.jitter);
  message.set_max_lost_attempts(retry.max_lost_attempts);
  message.mutable_final_exit_codes()->mutable_codes()->Assign(retry.final_exit_codes.begin(), retry.final_exit_codes.end());
  return message;
}

v1::QueueSettings settings_message(const model::QueueSettings& settings) {
  v1::QueueSettings message;
  message.set_capacity(settings.capacity);
  message.set_order(order_message(settings.order));
  message.set_durability(durability_message(settings.durability));
  set_duration(settings.lease_duration, *message.mutable_lease_duration());
  *message.mutable_retry() = retry_message(settings.retry);
  message.set_dead_letter_queue(settings.dead_letter_queue.empty() ? std::string(kNone) : settings.dead_letter_queue);
  set_duration(settings.time_to_live, *message.mutable_time_to_live());
  message.set_dead_letter_expired(settings.dead_letter_expired);
  set_duration(settings.dedup_window, *message.mutable_dedup_window());
  return message;
}

}  // namespace sluice::wire
