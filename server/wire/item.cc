#include "server/wire/item.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/failure.h"
#include "server/wire/progress.h"
#include "server/wire/time.h"
#include "server/wire/utf8.h"

namespace sluice::wire {
namespace {

using base::Reason;
using AttributeMap = google::protobuf::Map<std::string, std::string>;

constexpr std::string_view kReserved = "sluice.";

void check_key(Reader& reader, const Field& field, std::string_view key) {
  if (key.empty()) {
    reader.complain(Reason::kInvalidValue, field, "has an empty key; 1 to 128 bytes are allowed");
  } else if (key.size() > limits::kMaxAttributeKeyBytes) {
    reader.complain(Reason::kAttributesTooLarge, field,
                    fmt::format("has the key {} of {} bytes; 1 to {} are allowed", in_quotes(key), key.size(),
                                limits::kMaxAttributeKeyBytes));
  } else if (key.starts_with(kReserved)) {
    reader.complain(Reason::kInvalidValue, field,
                    fmt::format("has the key {}; keys that begin with \"sluice.\" are the server's own", in_quotes(key)));
  } else if (!is_utf8(key)) {
    reader.complain(Reason::kInvalidUtf8, field, fmt::format("has the key {}, which is not UTF-8", in_quotes(key)));
  }
}

model::Attributes read_attributes(Reader& reader, const Field& field, const AttributeMap& map) {
  if (map.size() > limits::kMaxAttributes) {
    reader.complain(Reason::kAttributesTooLarge, field,
                    fmt::format("has {} entries; at most {} are allowed", map.size(), limits::kMaxAttributes));
    return {};
  }
  model::Attributes attributes;
  attributes.reserve(map.size());
  std::size_t bytes = 0;
  for (const auto& [key, value] : map) {
    check_key(reader, field, key);
    if (!is_utf8(value)) {
      reader.complain(Reason::kInvalidUtf8, field,
                      fmt::format("has for {} a value that is not UTF-8; put binary data into the payload", in_quotes(key)));
    }
    bytes += key.size() + value.size();
    attributes.emplace_back(key, value);
  }
  if (bytes > limits::kMaxAttributeBytes) {
    reader.complain(Reason::kAttributesTooLarge, field,
                    fmt::format("has {} bytes of keys and values; at most {} are allowed", bytes, limits::kMaxAttributeBytes));
  }
  std::ranges::sort(attributes);
  return attributes;
}

base::Time read_time(Reader& reader, const Field& field, const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999
  if (time.seconds() < 0 || time.seconds() > kLastSecond || time.nanos() < 0 || time.nanos() > 999'999'999) {
    reader.complain(Reason::kInvalidValue, field, "is no time from 1970 to the year 9999");
    return {};
  }
  // Not a part of a microsecond too early.
  return base::Time{std::chrono::seconds(time.seconds())} +
         std::chrono::ceil<base::Duration>(std::chrono::nanoseconds(time.nanos()));
}

std::string read_key(Reader& reader, const Field& field, std::string& key) {
  if (key.empty()) return {};
  return reader.text(field, key, limits::kMaxItemKeyBytes);
}

// Null for most items.
model::ItemOptionsPtr read_options(Reader& reader, const Field& at, v1::NewItem& item) {
  model::ItemOptions options;
  if (item.has_not_before()) options.not_before = read_time(reader, {at, "not_before"}, item.not_before());
  if (item.has_time_to_live()) {
    options.time_to_live =
        reader.duration({at, "time_to_live"}, item.time_to_live(), {limits::kMinTimeToLive, limits::kMaxTimeToLive});
  }
  options.dedup_key = read_key(reader, {at, "dedup_key"}, *item.mutable_dedup_key());
  if (item.has_dedup_window()) {
    options.dedup_window =
        reader.duration({at, "dedup_window"}, item.dedup_window(), {limits::kMinDedupWindow, limits::kMaxDedupWindow});
    if (options.dedup_key.empty()) {
      reader.complain(Reason::kInvalidValue, {at, "dedup_window"}, "makes no sense without a dedup_key");
    }
  }
  options.unique_key = read_key(reader, {at, "unique_key"}, *item.mutable_unique_key());
  options.order_key = read_key(reader, {at, "order_key"}, *item.mutable_order_key());
  if (options == model::ItemOptions{}) return nullptr;
  return std::make_shared<const model::ItemOptions>(std::move(options));
}

bool has_options(const v1::NewItem& item) {
  return item.has_not_before() || item.has_time_to_live() || item.has_dedup_window() || !item.dedup_key().empty() ||
         !item.unique_key().empty() || !item.order_key().empty();
}

void fill_options(const model::ItemOptions& options, v1::PeekedItem& item) {
  if (options.expires != base::kNever) set_time(options.expires, *item.mutable_expire_time());
  item.set_dead_from(options.dead_from);
  item.set_dedup_key(utf8_repaired(options.dedup_key));
  item.set_unique_key(utf8_repaired(options.unique_key));
  item.set_order_key(utf8_repaired(options.order_key));
}

void fill_attributes(const model::Attributes& attributes, AttributeMap& map) {
  for (const auto& [key, value] : attributes) map[utf8_repaired(key)] = utf8_repaired(value);
}

v1::ItemState state_message(model::ItemState state) {
  switch (state) {
    case model::ItemState::kWaiting:
      return v1::ITEM_STATE_WAITING;
    case model::ItemState::kDelayed:
      return v1::ITEM_STATE_DELAYED;
    case model::ItemState::kLeased:
      return v1::ITEM_STATE_LEASED;
    case model::ItemState::kDone:
    case model::ItemState::kDeadLettered:
    case model::ItemState::kDiscarded:
    case model::ItemState::kCancelled:
    case model::ItemState::kExpired:
    case model::ItemState::kRedriven:
      break;
  }
  return v1::ITEM_STATE_UNSPECIFIED;
}

}  // namespace

model::NewItem read_new_item(Reader& reader, const Field& at, v1::NewItem& item) {
  model::NewItem read;
  auto body = std::make_shared<model::Body>();
  if (item.payload().size() > limits::kMaxPayloadBytes) {
    reader.complain(Reason::kPayloadTooLarge, {at, "payload"},
                    fmt::format("has {} bytes; at most {} are allowed. Put a reference to the data instead of the data",
                                item.payload().size(), limits::kMaxPayloadBytes));
  } else {
    body->payload = std::move(*item.mutable_payload());
  }
  if (!item.attributes().empty()) body->attributes = read_attributes(reader, {at, "attributes"}, item.attributes());
  read.body = std::move(body);
  read.priority = item.priority();
  if (item.has_delay()) read.delay = reader.duration({at, "delay"}, item.delay(), {base::Duration{0}, limits::kMaxDelay});
  if (has_options(item)) read.options = read_options(reader, at, item);
  return read;
}

void fill(const model::Delivery& delivery, v1::LeasedItem& item) {
  item.set_item_id(model::number(delivery.item));
  item.set_lease_token(model::number(delivery.lease));
  item.set_payload(delivery.body->payload);
  fill_attributes(delivery.body->attributes, *item.mutable_attributes());
  item.set_priority(delivery.priority);
  item.set_attempt(delivery.attempt);
  item.set_put_time_us(delivery.put_time.time_since_epoch().count());
  item.set_lease_expire_time_us(delivery.lease_expires.time_since_epoch().count());
  if (delivery.last_failure) *item.mutable_last_failure() = failure_message(*delivery.last_failure);
  item.set_job_id(model::number(delivery.job));
}

void fill(const engine::PeekedItem& peeked, std::uint32_t max_payload_bytes, v1::PeekedItem& item) {
  item.set_item_id(model::number(peeked.id));
  item.set_state(state_message(peeked.state));
  const std::string& payload = peeked.body->payload;
  item.set_payload(payload.data(), std::min<std::size_t>(payload.size(), max_payload_bytes));
  item.set_payload_bytes(payload.size());
  fill_attributes(peeked.body->attributes, *item.mutable_attributes());
  item.set_priority(peeked.priority);
  item.set_attempt(peeked.attempt);
  set_time(peeked.put_time, *item.mutable_put_time());
  if (peeked.due && *peeked.due != base::kNever) set_time(*peeked.due, *item.mutable_due_time());
  if (peeked.last_failure) *item.mutable_last_failure() = failure_message(*peeked.last_failure);
  item.set_consumer(peeked.consumer);
  item.set_job_id(model::number(peeked.job));
  if (peeked.options) fill_options(*peeked.options, item);
  if (peeked.progress) fill(*peeked.progress, *item.mutable_progress());
}

}  // namespace sluice::wire
