#include "client/cli/settings.h"

#include <fmt/format.h>

#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

using internal::from_proto;
using internal::to_proto;
using std::chrono::floor;
using std::chrono::milliseconds;

std::string order_text(v1::QueueOrder order) {
  switch (order) {
    case v1::QUEUE_ORDER_LIFO:
      return "lifo";
    case v1::QUEUE_ORDER_PRIORITY:
      return "priority";
    default:
      return "fifo";
  }
}

v1::QueueOrder order_proto(const std::string& text) {
  if (text == "fifo") return v1::QUEUE_ORDER_FIFO;
  if (text == "lifo") return v1::QUEUE_ORDER_LIFO;
  if (text == "priority") return v1::QUEUE_ORDER_PRIORITY;
  return v1::QUEUE_ORDER_UNSPECIFIED;
}

v1::Durability durability_proto(const std::string& text) {
  if (text == "sync") return v1::DURABILITY_SYNC;
  return text == "memory" ? v1::DURABILITY_MEMORY : v1::DURABILITY_UNSPECIFIED;
}

std::string or_unlimited(std::uint64_t number, const char* unlimited) { return number == 0 ? unlimited : count_text(number); }

std::string retry_text(const v1::RetryPolicy& retry) {
  std::string text =
      fmt::format("{} attempts, backoff {} to {}, times {:g}, jitter {:g}", or_unlimited(retry.max_attempts(), "unlimited"),
                  duration_text(from_proto(retry.initial_backoff())), duration_text(from_proto(retry.max_backoff())),
                  retry.multiplier(), retry.jitter());
  if (retry.max_lost_attempts() > 0) text += fmt::format("; {} lost attempts apart", count_text(retry.max_lost_attempts()));
  const auto& codes = retry.final_exit_codes().codes();
  if (!codes.empty()) text += fmt::format("; final exit codes {}", fmt::join(codes.begin(), codes.end(), ", "));
  return text;
}

std::string time_to_live_text(const v1::QueueSettings& settings) {
  const Duration time = from_proto(settings.time_to_live());
  if (time.count() == 0) return "for ever";
  return duration_text(time) + (settings.dead_letter_expired() ? ", then a dead letter" : ", then dropped");
}

}  // namespace

v1::QueueSettings settings_proto(const SettingsArguments& arguments) {
  v1::QueueSettings settings;
  if (arguments.capacity) settings.set_capacity(*arguments.capacity);
  settings.set_order(order_proto(arguments.order));
  if (arguments.lease) *settings.mutable_lease_duration() = to_proto(*arguments.lease);
  if (arguments.max_attempts) settings.mutable_retry()->set_max_attempts(*arguments.max_attempts);
  if (arguments.backoff) *settings.mutable_retry()->mutable_initial_backoff() = to_proto(*arguments.backoff);
  if (arguments.max_backoff) *settings.mutable_retry()->mutable_max_backoff() = to_proto(*arguments.max_backoff);
  if (arguments.max_lost) settings.mutable_retry()->set_max_lost_attempts(*arguments.max_lost);
  if (arguments.final_exit_codes) {
    auto& codes = *settings.mutable_retry()->mutable_final_exit_codes();
    for (const std::int32_t code : *arguments.final_exit_codes) {
      if (code >= 0) codes.add_codes(code);
    }
  }
  if (arguments.dead_letter) settings.set_dead_letter_queue(*arguments.dead_letter);
  settings.set_durability(durability_proto(arguments.durability));
  if (arguments.time_to_live) *settings.mutable_time_to_live() = to_proto(*arguments.time_to_live);
  if (arguments.dead_letter_expired) settings.set_dead_letter_expired(*arguments.dead_letter_expired);
  if (arguments.dedup_window) *settings.mutable_dedup_window() = to_proto(*arguments.dedup_window);
  return settings;
}

std::string state_text(const v1::Queue& queue) {
  std::string text = queue.state() == v1::QUEUE_STATE_CLOSED ? "closed" : "open";
  if (queue.paused()) text += ", paused";
  return text;
}

std::string stalls_text(const google::protobuf::RepeatedPtrField<v1::Stall>& stalls) {
  std::string text;
  for (const v1::Stall& stall : stalls) text += fmt::format("stalled: {}\n", stall.message());
  return text;
}

std::string queue_text(const v1::Queue& queue) {
  const v1::QueueSettings& settings = queue.settings();
  const v1::QueueCounters& counters = queue.counters();
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) { text += fmt::format("{:<14}{}\n", name, value); };
  line("queue", queue.name());
  line("state", state_text(queue));
  line("created", time_text(from_proto(queue.create_time())));
  if (!queue.pipeline().empty()) line("pipeline", queue.pipeline());
  line("capacity", or_unlimited(settings.capacity(), "unbounded"));
  line("order", order_text(settings.order()));
  const bool in_memory = settings.durability() == v1::DURABILITY_MEMORY;
  line("durability", in_memory ? "memory: items and counts are lost when the server ends" : "sync");
  line("lease", duration_text(from_proto(settings.lease_duration())));
  line("retry", retry_text(settings.retry()));
  line("dead letters",
       settings.dead_letter_queue().empty() || settings.dead_letter_queue() == "-" ? "dropped" : settings.dead_letter_queue());
  line("time to live", time_to_live_text(settings));
  line("dedup window", duration_text(from_proto(settings.dedup_window())));
  line("unfinished",
       fmt::format("{} ({} waiting, {} delayed, {} leased), {}", count_text(queue.unfinished()), count_text(queue.waiting()),
                   count_text(queue.delayed()), count_text(queue.leased()), bytes_text(queue.bytes())));
  if (queue.has_oldest_age()) line("oldest", duration_text(floor<milliseconds>(from_proto(queue.oldest_age()))));
  line("waiting", fmt::format("{} puts, {} gets, {} joins", count_text(queue.waiting_puts()), count_text(queue.waiting_gets()),
                              count_text(queue.waiting_joins())));
  line("counts", fmt::format("put {}, done {}, delivered {}, dead-lettered {}, discarded {}", count_text(counters.put()),
                             count_text(counters.done()), count_text(counters.delivered()),
                             count_text(counters.dead_lettered()), count_text(counters.discarded())));
  line("", fmt::format("failed attempts {}, lost leases {}, retried {}, puts refused {}", count_text(counters.failed()),
                       count_text(counters.lease_lost()), count_text(counters.retried()), count_text(counters.rejected())));
  line("", fmt::format("cancelled {}, expired {}, redriven {}, duplicates {}", count_text(counters.cancelled()),
                       count_text(counters.expired()), count_text(counters.redriven()), count_text(counters.duplicates())));
  return text + stalls_text(queue.stalls());
}

}  // namespace sluice::cli
