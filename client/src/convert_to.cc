#include <algorithm>
#include <string_view>
#include <utility>

#include "client/src/convert.h"

namespace sluice::internal {
namespace {

// The bytes of the character at the front of what is not empty; 0 if there is none.
std::size_t character_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80U) return 1;
  const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
  if (first < 0xC2U || first > 0xF4U || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  const bool is_overlong = (first == 0xE0U && at(1) < 0xA0U) || (first == 0xF0U && at(1) < 0x90U);
  const bool is_no_character = (first == 0xEDU && at(1) > 0x9FU) || (first == 0xF4U && at(1) > 0x8FU);
  return is_overlong || is_no_character ? 0 : length;
}

}  // namespace

std::string readable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      out += '?';
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

google::protobuf::Duration to_proto(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(duration - seconds);
  google::protobuf::Duration out;
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>(rest.count()));
  return out;
}

google::protobuf::Timestamp to_proto(Time time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count()));
  return out;
}

v1::RetryPolicy to_proto(const RetryPolicy& retry) {
  v1::RetryPolicy out;
  if (retry.max_attempts) out.set_max_attempts(*retry.max_attempts);
  if (retry.initial_backoff) *out.mutable_initial_backoff() = to_proto(*retry.initial_backoff);
  if (retry.max_backoff) *out.mutable_max_backoff() = to_proto(*retry.max_backoff);
  if (retry.multiplier) out.set_multiplier(*retry.multiplier);
  if (retry.jitter) out.set_jitter(*retry.jitter);
  if (retry.max_lost_attempts) out.set_max_lost_attempts(*retry.max_lost_attempts);
  if (retry.final_exit_codes) {
    out.mutable_final_exit_codes()->mutable_codes()->Assign(retry.final_exit_codes->begin(), retry.final_exit_codes->end());
  }
  return out;
}

v1::QueueSettings to_proto(const QueueSettings& settings) {
  v1::QueueSettings out;
  if (settings.capacity) out.set_capacity(*settings.capacity);
  if (settings.order) {
    switch (*settings.order) {
      case QueueOrder::kFifo:
        out.set_order(v1::QUEUE_ORDER_FIFO);
        break;
      case QueueOrder::kLifo:
        out.set_order(v1::QUEUE_ORDER_LIFO);
        break;
      case QueueOrder::kPriority:
        out.set_order(v1::QUEUE_ORDER_PRIORITY);
        break;
    }
  }
  if (settings.lease_duration) *out.mutable_lease_duration() = to_proto(*settings.lease_duration);
  *out.mutable_retry() = to_proto(settings.retry);
  if (settings.dead_letter_queue) out.set_dead_letter_queue(*settings.dead_letter_queue);
  if (settings.durability) {
    out.set_durability(*settings.durability == Durability::kMemory ? v1::DURABILITY_MEMORY : v1::DURABILITY_SYNC);
  }
  if (settings.time_to_live) *out.mutable_time_to_live() = to_proto(*settings.time_to_live);
  if (settings.dead_letter_expired) out.set_dead_letter_expired(*settings.dead_letter_expired);
  if (settings.dedup_window) *out.mutable_dedup_window() = to_proto(*settings.dedup_window);
  return out;
}

v1::QueueSpec to_proto(const QueueSpec& spec) {
  v1::QueueSpec out;
  out.set_name(spec.name);
  *out.mutable_settings() = to_proto(spec.settings);
  return out;
}

v1::NewItem to_proto(NewItem item) {
  v1::NewItem out;
  out.set_payload(std::move(item.payload));
  for (auto& [key, value] : item.attributes) (*out.mutable_attributes())[key] = std::move(value);
  out.set_priority(item.priority);
  if (item.delay) *out.mutable_delay() = to_proto(*item.delay);
  if (item.not_before) *out.mutable_not_before() = to_proto(*item.not_before);
  if (item.time_to_live) *out.mutable_time_to_live() = to_proto(*item.time_to_live);
  if (item.dedup_window) *out.mutable_dedup_window() = to_proto(*item.dedup_window);
  out.set_dedup_key(std::move(item.dedup_key));
  out.set_unique_key(std::move(item.unique_key));
  out.set_order_key(std::move(item.order_key));
  return out;
}

v1::Failure to_proto(const Failure& failure) {
  v1::Failure out;
  out.set_reason(readable(failure.reason));
  out.set_message(readable(failure.message));
  out.set_stderr_tail(readable(failure.stderr_tail));
  if (failure.exit_code) out.set_exit_code(*failure.exit_code);
  if (failure.signal) out.set_signal(*failure.signal);
  return out;
}

v1::PipelineSpec to_proto(const PipelineSpec& spec) {
  v1::PipelineSpec out;
  out.set_name(spec.name);
  for (const QueueSpec& queue : spec.queues) *out.add_queues() = to_proto(queue);
  for (const StageSpec& stage : spec.stages) {
    v1::StageSpec& to = *out.add_stages();
    to.set_name(stage.name);
    to.set_input(stage.input);
    to.set_output(stage.output);
    to.set_handler(stage.handler);
    if (stage.workers) to.set_workers(*stage.workers);
    *to.mutable_retry() = to_proto(stage.retry);
    to.set_start_workers(stage.start_workers);
    for (const std::string& limit : stage.limits) to.add_limits(limit);
  }
  return out;
}

v1::ScheduleSpec to_proto(const ScheduleSpec& spec) {
  v1::ScheduleSpec out;
  out.set_name(spec.name);
  out.set_queue(spec.queue);
  out.set_cron(spec.cron);
  out.set_time_zone(spec.time_zone);
  if (spec.every) *out.mutable_every() = to_proto(*spec.every);
  out.set_payload(spec.payload);
  out.mutable_attributes()->insert(spec.attributes.begin(), spec.attributes.end());
  out.set_priority(spec.priority);
  if (spec.catch_up) out.set_catch_up(*spec.catch_up);
  return out;
}

v1::ItemState to_proto(ItemState state) {
  switch (state) {
    case ItemState::kWaiting:
      return v1::ITEM_STATE_WAITING;
    case ItemState::kDelayed:
      return v1::ITEM_STATE_DELAYED;
    case ItemState::kLeased:
      return v1::ITEM_STATE_LEASED;
  }
  return v1::ITEM_STATE_UNSPECIFIED;
}

}  // namespace sluice::internal
