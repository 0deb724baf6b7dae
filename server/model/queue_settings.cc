#include "server/model/queue_settings.h"

#include <algorithm>
#include <cmath>

namespace sluice::model {

base::Duration RetryPolicy::backoff(std::uint32_t attempt) const {
  if (attempt == 0 || initial_backoff.count() == 0) return base::Duration{0};
  const double factor = std::pow(multiplier, static_cast<double>(attempt - 1));
  const double wait = static_cast<double>(initial_backoff.count()) * factor;
  const double most = static_cast<double>(max_backoff.count());
  // The comparison also catches an infinite factor.
  if (!(wait < most)) return max_backoff;
  return base::Duration{static_cast<base::Duration::rep>(wait)};
}

bool RetryPolicy::is_final(std::int32_t exit_code) const { return std::ranges::binary_search(final_exit_codes, exit_code); }

QueueSettings QueueSettingsPatch::applied_to(QueueSettings settings) const {
  settings.capacity = capacity.value_or(settings.capacity);
  settings.order = order.value_or(settings.order);
  settings.durability = durability.value_or(settings.durability);
  settings.lease_duration = lease_duration.value_or(settings.lease_duration);
  settings.retry.max_attempts = max_attempts.value_or(settings.retry.max_attempts);
  settings.retry.initial_backoff = initial_backoff.value_or(settings.retry.initial_backoff);
  settings.retry.max_backoff = max_backoff.value_or(settings.retry.max_backoff);
  settings.retry.multiplier = multiplier.value_or(settings.retry.multiplier);
  settings.retry.jitter = jitter.value_or(settings.retry.jitter);
  settings.retry.max_lost_attempts = max_lost_attempts.value_or(settings.retry.max_lost_attempts);
  if (final_exit_codes) settings.retry.final_exit_codes = *final_exit_codes;
  if (dead_letter_queue) settings.dead_letter_queue = *dead_letter_queue;
  settings.time_to_live = time_to_live.value_or(settings.time_to_live);
  settings.dead_letter_expired = dead_letter_expired.value_or(settings.dead_letter_expired);
  settings.dedup_window = dedup_window.value_or(settings.dedup_window);
  return settings;
}

QueueSettings QueueSpec::initial_settings() const {
  QueueSettings defaults;
  defaults.dead_letter_queue = default_dead_letter_queue(name);
  return settings.applied_to(std::move(defaults));
}

std::string default_dead_letter_queue(std::string_view queue) {
  constexpr std::string_view kSuffix = ".dead";
  if (queue.ends_with(kSuffix)) return {};
  return std::string(queue).append(kSuffix);
}

}  // namespace sluice::model
