// Ends that come from outside or with time: items that are cancelled, purged, expired or buried, and dead letters that go back.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "tests/sim/flow.h"
#include "tests/sim/world.h"

namespace sluice::sim {

using model::ItemState;
using model::JobState;

namespace {

bool is_dead(const std::string& queue) { return queue.ends_with(".dead"); }

}  // namespace

void Flow::note_alive(const std::string& payload, const std::string& queue) {
  alive_[payload] = queue;
  born_[payload] = now_;
}

void Flow::note_gone(const std::string& payload, JobState verdict) {
  alive_.erase(payload);
  born_.erase(payload);
  note_ended(payload, verdict);
}

base::Time Flow::end_of(const std::string& payload) const {
  const auto born = born_.find(payload);
  if (born == born_.end()) return base::kNever;
  const auto queue = std::ranges::find(spec_.queues, alive_.at(payload), &model::QueueSpec::name);
  if (queue == spec_.queues.end() || !queue->settings.time_to_live) return base::kNever;
  const int times = makes(FlowMistake::kItemsLiveLonger) ? 2 : 1;
  return born->second + times * *queue->settings.time_to_live;
}

void Flow::end_some() {
  switch (random_.weighted({60, 10, 30})) {
    case 0:
      return cancel_some();
    case 1:
      return purge_some();
    default:
      return redrive_some();
  }
}

// Whatever they do.
void Flow::cancel_some() {
  const auto queues = engine_->list_queues(now_, "", "", 1'000);
  const std::string queue = queues[random_.below(queues.size())].name;
  std::vector<model::ItemId> ids;
  std::vector<std::string> payloads;
  const auto items = engine_->peek(queue, std::nullopt, 0, 1'000);
  for (const engine::PeekedItem& item : *items) {
    if (!random_.chance(30)) continue;
    ids.push_back(item.id);
    payloads.push_back(item.body->payload);
  }
  if (ids.empty()) return;
  apply(fmt::format("cancel {} of {}", ids.size(), queue), [&](engine::Effects& out) {
    const auto outcomes = engine_->cancel(now_, queue, ids, out);
    if (!outcomes.ok()) throw Mismatch("cancel: " + outcomes.status().ToString());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto outcome = outcomes->at(i);
      if (outcome == engine::CancelOutcome::kGone || outcome == engine::CancelOutcome::kUnknown) {
        throw Mismatch(fmt::format("{} is there and is not cancelled", payloads[i]));
      }
      ++outcomes_[outcome == engine::CancelOutcome::kRevoked ? "revoked" : "cancelled"];
      note_gone(payloads[i], verdict(FlowMistake::kCancelledJobsFail, JobState::kCancelled));
    }
  });
}

void Flow::purge_some() {
  const auto queues = engine_->list_queues(now_, "", "", 1'000);
  const std::string queue = queues[random_.below(queues.size())].name;
  apply("purge " + queue, [&](engine::Effects& out) {
    std::vector<std::string> payloads;
    const auto items = engine_->peek(queue, std::nullopt, 0, 1'000);
    for (const engine::PeekedItem& item : *items) {
      if (item.state != ItemState::kLeased) payloads.push_back(item.body->payload);
    }
    const auto purged = engine_->purge_queue(now_, queue, out);
    if (!purged.ok() || *purged != payloads.size()) throw Mismatch("a purge left something or took too much");
    for (const std::string& payload : payloads) {
      note_gone(payload, verdict(FlowMistake::kPurgedJobsFail, JobState::kDiscarded));
      ++outcomes_["purged"];
    }
  });
}

// All dead letters of a queue, as far as there is room where they come from.
void Flow::redrive_some() {
  std::vector<std::string> cemeteries;
  for (const engine::QueueView& queue : engine_->list_queues(now_, "", "", 1'000)) {
    if (is_dead(queue.name) && queue.unfinished() > 0) cemeteries.push_back(queue.name);
  }
  if (cemeteries.empty()) return;
  const std::string queue = random_.one_of(cemeteries);
  const auto there = [&] {
    std::vector<std::string> payloads;
    const auto items = engine_->peek(queue, std::nullopt, 0, 1'000);
    for (const engine::PeekedItem& item : *items) payloads.push_back(item.body->payload);
    std::ranges::sort(payloads);
    return payloads;
  };
  apply("redrive " + queue, [&](engine::Effects& out) {
    const auto before = there();
    const auto result = engine_->redrive(now_, {.queue = queue}, out);
    if (!result.ok()) throw Mismatch("redrive: " + result.status().ToString());
    const auto after = there();
    std::vector<std::string> gone;
    std::ranges::set_difference(before, after, std::back_inserter(gone));
    if (gone.size() != result->redriven || before.size() != gone.size() + result->full + result->closed) {
      throw Mismatch(fmt::format("{} of {} dead letters went back, {} are told", gone.size(), before.size(), result->redriven));
    }
    for (const std::string& payload : gone) {
      ++outcomes_["redriven"];
      ++puts_[alive_.at(payload)];
      born_[payload] = now_;
    }
  });
}

// What went to a dead-letter queue by this command.
void Flow::find_buried() {
  for (const engine::QueueView& queue : engine_->list_queues(now_, "", "", 1'000)) {
    if (!is_dead(queue.name)) continue;
    const auto items = engine_->peek(queue.name, std::nullopt, 0, 100'000);
    for (const engine::PeekedItem& item : *items) {
      const std::string& payload = item.body->payload;
      const bool expired = item.last_failure && item.last_failure->reason == model::failure_reason::kExpired;
      if (expired && born_.contains(payload) && end_of(payload) > now_) throw Mismatch(payload + " expired before its time");
      if (expired && job_of_.contains(payload)) ++outcomes_["buried expired"];
      // Among the dead it has another life.
      born_.erase(payload);
      const bool stays = makes(FlowMistake::kRedrivenItemsAreOfTheirJobs);
      if (!stays) note_ended(payload, expired ? verdict(FlowMistake::kExpiredJobsFail, JobState::kExpired) : JobState::kFailed);
    }
  }
}

// What ended by this command because its time was over; and nothing that waits may be older.
void Flow::find_expired() {
  std::set<std::string> there;
  for (const engine::QueueView& queue : engine_->list_queues(now_, "", "", 1'000)) {
    const auto items = engine_->peek(queue.name, std::nullopt, 0, 100'000);
    for (const engine::PeekedItem& item : *items) {
      there.insert(item.body->payload);
      if (is_dead(queue.name) || item.state == ItemState::kLeased || !alive_.contains(item.body->payload)) continue;
      if (end_of(item.body->payload) <= now_) throw Mismatch(item.body->payload + " waits beyond its time to live");
    }
  }
  std::vector<std::string> over;
  for (const auto& [payload, queue] : alive_) {
    if (!there.contains(payload) && end_of(payload) <= now_) over.push_back(payload);
  }
  for (const std::string& payload : over) {
    const auto& settings = std::ranges::find(spec_.queues, alive_.at(payload), &model::QueueSpec::name)->settings;
    if (settings.dead_letter_expired == true) throw Mismatch(payload + " expired and is no dead letter");
    ++outcomes_["expired"];
    note_gone(payload, verdict(FlowMistake::kExpiredJobsFail, JobState::kExpired));
  }
}

}  // namespace sluice::sim
