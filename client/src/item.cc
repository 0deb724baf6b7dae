#include "sluice/item.h"

#include <utility>

#include "client/src/held_item.h"

namespace sluice {

Item::Item(std::unique_ptr<internal::HeldItem> held) : held_(std::move(held)) {}
Item::~Item() = default;
Item::Item(Item&&) noexcept = default;
Item& Item::operator=(Item&&) noexcept = default;

ItemId Item::id() const { return held_->id; }
LeaseToken Item::token() const { return held_->token(); }
const std::string& Item::queue() const { return held_->queue(); }
const std::string& Item::payload() const { return held_->payload; }
const Attributes& Item::attributes() const { return held_->attributes; }
std::int64_t Item::priority() const { return held_->priority; }
std::uint32_t Item::attempt() const { return held_->attempt; }
Time Item::put_time() const { return held_->put_time; }
Time Item::lease_expire_time() const { return held_->lease_expire_time; }
const std::optional<Failure>& Item::last_failure() const { return held_->last_failure; }

std::string Item::attribute(const std::string& key, const std::string& otherwise) const {
  const auto found = attributes().find(key);
  return found == attributes().end() ? otherwise : found->second;
}

void Item::done() { held_->done({}, {}); }
void Item::done(const std::vector<Output>& outputs, const DoneOptions& options) { held_->done(outputs, options); }
void Item::done_with(std::string result) { held_->done({}, {}, std::move(result)); }
void Item::fail(const Failure& failure, const FailOptions& options) { held_->fail(failure, options); }
void Item::release() { held_->release(); }
void Item::extend(std::optional<Duration> lease_duration) { held_->extend(lease_duration); }
void Item::progress(std::optional<double> fraction, std::string_view message) { held_->progress(fraction, message); }
bool Item::ended() const { return held_->ended(); }
bool Item::lost() const { return held_->lost(); }
std::stop_token Item::lost_token() const { return held_->lost_token(); }

}  // namespace sluice
