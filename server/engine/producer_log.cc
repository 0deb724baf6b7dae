#include "server/engine/producer_log.h"

#include <string_view>

#include "server/base/limits.h"

namespace sluice::engine {
namespace {

// Requests are called "put/..." or after the number of a lease, and deduplication keys "key/...".
constexpr std::string_view kPrefix = "producer/";

std::string record_key(std::string_view producer) { return std::string(kPrefix).append(producer); }

model::RequestRecord record_of(model::QueueId queue, std::string_view producer, base::Time expires, std::uint64_t position) {
  return {.queue = queue, .key = record_key(producer), .expires = expires, .position = position};
}

}  // namespace

bool ProducerLog::is_one(const model::RequestRecord& record) { return record.key.starts_with(kPrefix); }

std::optional<std::uint64_t> ProducerLog::position(base::Time now, const std::string& producer) const {
  const auto* known = places_.find(now, producer);
  return known == nullptr ? std::nullopt : std::optional(known->value.position);
}

void ProducerLog::claim(base::Time now, model::QueueId queue, const std::string& producer, std::uint64_t position,
                        const Caller& owner, std::vector<model::Record>* records) {
  const auto* known = places_.find(now, producer);
  Place place = known == nullptr ? Place{.position = position} : known->value;
  place.owner = &owner;
  if (known == nullptr) make_room(queue, records);
  places_.set(base::add_saturating(now, limits::kRequestIdWindow), producer, place);
}

bool ProducerLog::may_put(base::Time now, const std::string& producer, const Caller& caller) const {
  const auto* known = places_.find(now, producer);
  return known == nullptr || known->value.owner == nullptr || known->value.owner == &caller;
}

void ProducerLog::set_position(base::Time now, model::QueueId queue, const std::string& producer, std::uint64_t position,
                               std::vector<model::Record>* records) {
  const auto* known = places_.find(now, producer);
  Place place = known == nullptr ? Place{} : known->value;
  place.position = position;
  place.recorded = records != nullptr;
  if (known == nullptr) make_room(queue, records);
  const base::Time expires = base::add_saturating(now, limits::kRequestIdWindow);
  places_.set(expires, producer, place);
  if (records != nullptr) records->emplace_back(record_of(queue, producer, expires, position));
}

void ProducerLog::make_room(model::QueueId queue, std::vector<model::Record>* records) {
  if (places_.size() >= limits::kMaxProducers) forget_first(queue, records);
}

void ProducerLog::forget_first(model::QueueId queue, std::vector<model::Record>* records) {
  const bool recorded = places_.first().recorded;
  const std::string producer = places_.take_first();
  if (records != nullptr && recorded) records->emplace_back(model::RequestErased{queue, record_key(producer)});
}

base::Time ProducerLog::forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records) {
  while (places_.any_over(now)) forget_first(queue, records);
  return places_.next();
}

void ProducerLog::record_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [producer, known] : places_) {
    records.emplace_back(record_of(queue, producer, known.expires, known.value.position));
  }
}

void ProducerLog::record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [producer, known] : places_) records.emplace_back(model::RequestErased{queue, record_key(producer)});
}

void ProducerLog::restore(const model::RequestRecord& record) {
  places_.set(record.expires, record.key.substr(kPrefix.size()), {.position = record.position, .recorded = true});
}

}  // namespace sluice::engine
