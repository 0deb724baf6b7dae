// The part of the world that is about what only some items have, and the commands that go with it.
#include <fmt/format.h>

#include "server/base/errors.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

std::string error_word(const absl::Status& status) {
  const auto reason = base::reason_of(status);
  return reason ? std::string(base::info(*reason).name) : status.ToString();
}

std::string_view word(engine::CancelOutcome outcome) {
  switch (outcome) {
    case engine::CancelOutcome::kCancelled:
      return "cancelled";
    case engine::CancelOutcome::kRevoked:
      return "revoked";
    case engine::CancelOutcome::kGone:
      return "gone";
    case engine::CancelOutcome::kUnknown:
      return "unknown";
  }
  return "nothing";
}

std::string words(const engine::RedriveResult& result) {
  const std::map<std::string, std::uint32_t> counts = {{"closed", result.closed},   {"duplicate", result.duplicate},
                                                       {"full", result.full},       {"homeless", result.homeless},
                                                       {"missing", result.missing}, {"redriven", result.redriven}};
  std::string text = "redriven:";
  for (const auto& [outcome, count] : counts) {
    if (count > 0) text += fmt::format(" {} {}", outcome, count);
  }
  return text;
}

}  // namespace

std::string describe(const model::QueueSettings& settings) {
  return fmt::format(
      "capacity {} order {} lease {}us attempts {} backoff {}us x{} to {}us jitter {} dead '{}'{} ttl {}us window {}us",
      settings.capacity, static_cast<int>(settings.order), settings.lease_duration.count(), settings.retry.max_attempts,
      settings.retry.initial_backoff.count(), settings.retry.multiplier, settings.retry.max_backoff.count(),
      settings.retry.jitter, settings.dead_letter_queue, settings.dead_letter_expired ? " also expired" : "",
      settings.time_to_live.count(), settings.dedup_window.count());
}

std::string describe(const NewRefItem& item) {
  std::string text;
  if (item.not_before != Time{}) text += fmt::format(" from {}us", item.not_before.time_since_epoch().count());
  if (item.time_to_live.count() > 0) text += fmt::format(" ttl {}us", item.time_to_live.count());
  if (!item.dedup_key.empty()) text += fmt::format(" key {} for {}us", item.dedup_key, item.dedup_window.count());
  if (!item.unique_key.empty()) text += " unique " + item.unique_key;
  if (!item.order_key.empty()) text += " order " + item.order_key;
  return text.empty() ? text : "{" + text + " }";
}

model::NewItem item_of(const NewRefItem& item) {
  auto body = std::make_shared<model::Body>();
  body->payload = item.payload;
  model::NewItem made{.body = std::move(body), .priority = item.priority, .delay = item.delay, .options = nullptr};
  const model::ItemOptions options{.not_before = item.not_before,
                                   .time_to_live = item.time_to_live,
                                   .dedup_key = item.dedup_key,
                                   .dedup_window = item.dedup_window,
                                   .unique_key = item.unique_key,
                                   .order_key = item.order_key};
  if (options != model::ItemOptions{}) made.options = std::make_shared<const model::ItemOptions>(options);
  return made;
}

std::vector<model::ItemId> World::ids_of(const std::vector<std::string>& payloads) const {
  std::vector<model::ItemId> ids;
  for (const std::string& payload : payloads) {
    if (const auto id = ids_.find(payload); id != ids_.end()) ids.push_back(id->second);
  }
  return ids;
}

void World::cancel(const std::string& queue, const std::vector<std::string>& payloads, int unknown) {
  std::vector<model::ItemId> ids = ids_of(payloads);
  for (int i = 0; i < unknown; ++i) ids.push_back(model::ItemId{(1ULL << 60) + static_cast<std::uint64_t>(i)});
  both(
      fmt::format("cancel {} of {} and {} unknown", fmt::join(payloads, ", "), queue, unknown),
      [&](engine::Effects& out) {
        const auto outcomes = engine_->cancel(now_, queue, ids, out);
        if (!outcomes.ok()) return error_word(outcomes.status());
        std::string text = "cancelled:";
        for (const engine::CancelOutcome outcome : *outcomes) text += fmt::format(" {}", word(outcome));
        return text;
      },
      [&] { return reference_.cancel(queue, payloads, unknown); });
}

void World::redrive(const std::string& queue, const std::optional<std::string>& to, const std::optional<std::string>& reason,
                    const std::vector<std::string>& payloads, std::size_t limit) {
  engine::RedriveCommand command{.queue = queue, .to = to, .reason = reason, .items = ids_of(payloads)};
  command.limit = limit;
  both(
      fmt::format("redrive {} of {} to {} because of {}, {} at most", fmt::join(payloads, ", "), queue,
                  to.value_or("its origin"), reason.value_or("anything"), limit),
      [&](engine::Effects& out) {
        const auto result = engine_->redrive(now_, command, out);
        return result.ok() ? words(*result) : error_word(result.status());
      },
      [&] { return reference_.redrive(queue, to, reason, payloads, limit); });
}

}  // namespace sluice::sim
