#include "server/engine/seen_keys.h"

#include "server/base/limits.h"

namespace sluice::engine {
namespace {

// Requests are called "put/..." or after the number of a lease.
constexpr std::string_view kPrefix = "key/";

std::string record_key(std::string_view key) { return std::string(kPrefix).append(key); }

}  // namespace

bool SeenKeys::is_one(const model::RequestRecord& record) { return record.key.starts_with(kPrefix); }

std::optional<model::ItemId> SeenKeys::find(base::Time now, const std::string& key) const {
  const auto found = seen_.find(key);
  if (found == seen_.end() || found->second.expires <= now) return std::nullopt;
  return found->second.item;
}

void SeenKeys::insert(base::Time expires, const std::string& key, model::ItemId item) {
  const auto [place, fresh] = seen_.try_emplace(key);
  // One that is over, and whose timer has not rung yet.
  if (!fresh) by_expiry_.erase({place->second.expires, place->first});
  place->second = {expires, item};
  by_expiry_.emplace(expires, place->first);
}

void SeenKeys::remember(base::Time expires, model::QueueId queue, const std::string& key, model::ItemId item,
                        std::vector<model::Record>* records) {
  if (seen_.size() >= limits::kMaxDedupKeys) forget_first(queue, records);
  insert(expires, key, item);
  if (records != nullptr) records->emplace_back(model::RequestRecord{queue, record_key(key), expires, item, 1, {}});
}

void SeenKeys::forget_first(model::QueueId queue, std::vector<model::Record>* records) {
  const std::string key(by_expiry_.begin()->second);
  by_expiry_.erase(by_expiry_.begin());
  seen_.erase(key);
  if (records != nullptr) records->emplace_back(model::RequestErased{queue, record_key(key)});
}

base::Time SeenKeys::forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records) {
  while (next() <= now && !by_expiry_.empty()) forget_first(queue, records);
  return next();
}

void SeenKeys::record_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [key, seen] : seen_) {
    records.emplace_back(model::RequestRecord{queue, record_key(key), seen.expires, seen.item, 1, {}});
  }
}

void SeenKeys::record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [key, seen] : seen_) records.emplace_back(model::RequestErased{queue, record_key(key)});
}

void SeenKeys::restore(const model::RequestRecord& record) {
  insert(record.expires, record.key.substr(kPrefix.size()), record.first);
}

}  // namespace sluice::engine
