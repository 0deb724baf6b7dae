#include "server/engine/request_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::engine {

std::string RequestLog::key(std::string_view request_id, model::LeaseId lease) {
  if (lease == model::LeaseId{}) return fmt::format("put/{}", request_id);
  return fmt::format("{}/{}", model::number(lease), request_id);
}

const RememberedRequest* RequestLog::find(base::Time now, const std::string& key) const {
  const auto found = remembered_.find(key);
  if (found == remembered_.end() || found->second.expires <= now) return nullptr;
  return &found->second;
}

void RequestLog::remember(base::Time now, model::QueueId queue, const std::string& key, model::ItemId first,
                          std::uint32_t count, const std::vector<model::ItemId>& ids, std::vector<model::Record>* records) {
  if (by_age_.size() >= limits::kMaxRequestIds) forget_oldest(queue, records);
  const RememberedRequest request{base::add_saturating(now, limits::kRequestIdWindow), first, count, ids};
  remembered_.insert_or_assign(key, request);
  by_age_.push_back(key);
  if (records != nullptr) records->emplace_back(model::RequestRecord{queue, key, request.expires, first, count, ids});
}

void RequestLog::forget_oldest(model::QueueId queue, std::vector<model::Record>* records) {
  if (records != nullptr) records->emplace_back(model::RequestErased{queue, by_age_.front()});
  remembered_.erase(by_age_.front());
  by_age_.pop_front();
}

base::Time RequestLog::forget_expired(base::Time now, model::QueueId queue, std::vector<model::Record>* records) {
  while (!by_age_.empty()) {
    const base::Time expires = remembered_.at(by_age_.front()).expires;
    if (expires > now) return expires;
    forget_oldest(queue, records);
  }
  return base::kNever;
}

void RequestLog::record_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [key, request] : remembered_) {
    records.emplace_back(model::RequestRecord{queue, key, request.expires, request.first, request.count, request.ids});
  }
}

void RequestLog::record_end_of_all(model::QueueId queue, std::vector<model::Record>& records) const {
  for (const auto& [key, request] : remembered_) records.emplace_back(model::RequestErased{queue, key});
}

void RequestLog::restore(model::RequestRecord&& record) {
  remembered_.insert_or_assign(record.key,
                               RememberedRequest{record.expires, record.first, record.count, std::move(record.ids)});
  by_age_.push_back(std::move(record.key));
}

void RequestLog::finish_restore() {
  std::ranges::sort(by_age_, [this](const std::string& a, const std::string& b) {
    const auto& [first, second] = std::pair(remembered_.at(a), remembered_.at(b));
    return first.expires != second.expires ? first.expires < second.expires : a < b;
  });
}

Transfer* RequestLog::find_waiting(const std::string& key) const {
  const auto found = waiting_.find(key);
  return found == waiting_.end() ? nullptr : found->second;
}

}  // namespace sluice::engine
