#include "server/engine/seen_keys.h"

#include <string_view>

#include "server/base/limits.h"

namespace sluice::engine {
namespace {

// Requests are called "put/..." or after the number of a lease.
constexpr std::string_view kPrefix = "key/";

std::string record_key(std::string_view key) { return std::string(kPrefix).append(key); }

}  // namespace

bool SeenKeys::is_one(const model::RequestRecord& record) { return record.key.starts_with(kPrefix); }

std::optional<model::ItemId> SeenKeys::find(base::Time now, const std::string& key) const {
  const auto* seen = seen_.find(now, key);
  return seen == nullptr ? std::nullopt : std::optional(seen->value);
}

void SeenKeys::remember(base::Time expires, model::QueueId queue, const std::string& key, model::ItemId item,
                        std::vector<model::Record>* records) {
  if (seen_.size() >= limits::kMaxDedupKeys) forget_first(queue, records);
  // Perhaps in place of one that is over, and whose timer has not rung yet.
  seen_.set(expires, key, item);
  if (records != nullptr) records->emplace_back(model::RequestRecord{queue, record_key(key), expires, item, 1, {}});
}

void SeenKeys::forget_first(model::QueueId queue, std::vector<model::Record>* records) {
  const std::string key = seen_.take_first();
  if (records != nullptr) records->emplace_back(model::RequestErased{queue, record_key(key)});
}

base::Time SeenKeys::forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records) {
  while (seen_.any_over(now)) forget_first(queue, records);
  return next();
}

void SeenKeys::record_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [key, seen] : seen_) {
    records.emplace_back(model::RequestRecord{queue, record_key(key), seen.expires, seen.value, 1, {}});
  }
}

void SeenKeys::record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [key, seen] : seen_) records.emplace_back(model::RequestErased{queue, record_key(key)});
}

void SeenKeys::restore(const model::RequestRecord& record) {
  seen_.set(record.expires, record.key.substr(kPrefix.size()), record.first);
}

}  // namespace sluice::engine
