#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/model/calendar.h"
#include "server/model/cron.h"
#include "server/wire/item.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"
#include "server/wire/views.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr std::string_view kTickAttributes[] = {model::kScheduleAttribute, model::kTickAttribute};
constexpr std::size_t kTickBytes = std::string_view("2026-11-24T03:00:00.123456Z").size();

// Such as "America/Port-au-Prince" or "Etc/GMT+1". Whoever looks one up takes it for the name of a file, which must not lead
// out of the directory of the time zones.
bool is_time_zone_name(std::string_view name) {
  return std::ranges::all_of(name,
                             [](char c) {
                               return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                                      c == '-' || c == '+' || c == '/';
                             }) &&
         !name.starts_with('/');
}

std::string read_cron_text(Reader& reader, const Field& at, const v1::ScheduleSpec& spec) {
  const Field field(at, "cron");
  std::string cron = reader.text(field, spec.cron(), limits::kMaxCronBytes);
  if (!reader.ok()) return cron;
  const auto parsed = model::Cron::parse(cron);
  if (!parsed.ok()) reader.complain(Reason::kInvalidValue, field, std::string(parsed.status().message()));
  return cron;
}

std::string read_zone(Reader& reader, const Field& at, const v1::ScheduleSpec& spec) {
  const Field field(at, "time_zone");
  std::string zone = reader.text(field, spec.time_zone(), limits::kMaxTimeZoneBytes);
  if (!is_time_zone_name(zone)) {
    reader.complain(Reason::kInvalidValue, field,
                    fmt::format("{} is no name of the IANA's list, such as \"Europe/Berlin\"", in_quotes(zone)));
  }
  return zone;
}

base::Duration read_every(Reader& reader, const Field& at, const v1::ScheduleSpec& spec) {
  return reader.duration({at, "every"}, spec.every(), {limits::kMinEvery, limits::kMaxEvery});
}

void read_cron(Reader& reader, const Field& at, const v1::ScheduleSpec& spec, model::ScheduleSpec& schedule) {
  schedule.cron = read_cron_text(reader, at, spec);
  schedule.time_zone = read_zone(reader, at, spec);
  if (!reader.ok()) return;
  const Field zone(at, "time_zone");
  const auto calendar = model::Calendar::of(schedule);
  if (!calendar.ok()) reader.complain(Reason::kInvalidValue, zone, std::string(calendar.status().message()));
}

void read_ticks(Reader& reader, const Field& at, const v1::ScheduleSpec& spec, model::ScheduleSpec& schedule) {
  if (spec.cron().empty() == !spec.has_every()) {
    const std::string_view what = spec.has_every() ? "has both cron and every; one of them" : "has neither cron nor every; one";
    return reader.complain(Reason::kInvalidValue, {at, "cron"}, fmt::format("{} says when the ticks come", what));
  }
  if (!spec.has_every()) return read_cron(reader, at, spec, schedule);
  schedule.every = read_every(reader, at, spec);
  if (!spec.time_zone().empty()) {
    reader.complain(Reason::kInvalidValue, {at, "time_zone"}, "makes no sense without a cron");
  }
}

// Room for what each tick adds.
void check_room(Reader& reader, const Field& field, const model::ScheduleSpec& schedule) {
  const model::Attributes& attributes = schedule.body->attributes;
  const std::size_t most = limits::kMaxAttributes - std::size(kTickAttributes);
  if (attributes.size() > most) {
    reader.complain(Reason::kAttributesTooLarge, field,
                    fmt::format("has {} entries; at most {} are allowed besides {} and {}", attributes.size(), most,
                                model::kScheduleAttribute, model::kTickAttribute));
  }
  std::size_t added = schedule.name.size() + kTickBytes;
  for (const std::string_view key : kTickAttributes) {
    added += key.size();
    if (std::ranges::binary_search(attributes, key, {}, [](const auto& each) { return std::string_view(each.first); })) {
      reader.complain(Reason::kInvalidValue, field, fmt::format("has the key \"{}\"; each tick sets it itself", key));
    }
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : attributes) bytes += key.size() + value.size();
  if (bytes > limits::kMaxAttributeBytes - added) {
    reader.complain(Reason::kAttributesTooLarge, field,
                    fmt::format("has {} bytes of keys and values; at most {} are allowed besides {} and {}", bytes,
                                limits::kMaxAttributeBytes - added, model::kScheduleAttribute, model::kTickAttribute));
  }
}

void read_item(Reader& reader, const Field& at, const v1::ScheduleSpec& spec, model::ScheduleSpec& schedule) {
  v1::NewItem message;
  message.set_payload(spec.payload());
  *message.mutable_attributes() = spec.attributes();
  message.set_priority(spec.priority());
  const model::NewItem item = read_new_item(reader, at, message);
  schedule.body = item.body;
  schedule.priority = item.priority;
  check_room(reader, {at, "attributes"}, schedule);
}

void fill(const model::ScheduleSpec& spec, v1::ScheduleSpec& message) {
  message.set_name(spec.name);
  message.set_queue(spec.queue);
  message.set_cron(spec.cron);
  message.set_time_zone(spec.time_zone);
  if (spec.every > base::Duration::zero()) set_duration(spec.every, *message.mutable_every());
  message.set_payload(spec.body->payload);
  for (const auto& [key, value] : spec.body->attributes) (*message.mutable_attributes())[key] = value;
  message.set_priority(spec.priority);
  message.set_catch_up(spec.catch_up);
}

// False if it is none that can change. One that is left out of the spec gets its default.
bool read_field(Reader& reader, const Field& at, const v1::ScheduleSpec& spec, std::string_view name,
                const model::ScheduleSpec& item, model::SchedulePatch& patch) {
  if (name == "queue") {
    patch.queue = reader.name({at, "queue"}, spec.queue());
  } else if (name == "cron") {
    patch.cron = spec.cron().empty() ? std::string() : read_cron_text(reader, at, spec);
  } else if (name == "time_zone") {
    patch.time_zone = read_zone(reader, at, spec);
  } else if (name == "every") {
    patch.every = spec.has_every() ? read_every(reader, at, spec) : base::Duration::zero();
  } else if (name == "payload") {
    patch.payload = item.body->payload;
  } else if (name == "attributes") {
    patch.attributes = item.body->attributes;
  } else if (name == "priority") {
    patch.priority = item.priority;
  } else if (name == "catch_up") {
    patch.catch_up = model::ScheduleSpec().catch_up;
    if (spec.has_catch_up()) patch.catch_up = reader.number({at, "catch_up"}, spec.catch_up(), 0U, limits::kMaxCatchUp);
  } else {
    return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<model::SchedulePatch> schedule_patch(const v1::ScheduleSpec& spec, const google::protobuf::FieldMask& mask,
                                                    const Field& at) {
  Reader reader;
  model::SchedulePatch patch;
  patch.name = reader.new_name({at, "name"}, spec.name());
  model::ScheduleSpec item{.name = patch.name};
  read_item(reader, at, spec, item);
  for (int i = 0; i < mask.paths_size() && reader.ok(); ++i) {
    if (read_field(reader, at, spec, mask.paths(i), item, patch)) continue;
    const Field around;
    const Field field(around, "update_mask");
    reader.complain(
        Reason::kInvalidValue, {field, "paths", static_cast<std::size_t>(i)},
        fmt::format("{} is no field of a schedule that can change; queue, cron, time_zone, every, payload, attributes, "
                    "priority and catch_up are",
                    in_quotes(mask.paths(i))));
  }
  if (!reader.ok()) return reader.status();
  return patch;
}

absl::StatusOr<model::ScheduleSpec> schedule_spec(const v1::ScheduleSpec& spec, const Field& at) {
  Reader reader;
  model::ScheduleSpec schedule;
  schedule.name = reader.new_name({at, "name"}, spec.name());
  schedule.queue = reader.name({at, "queue"}, spec.queue());
  read_ticks(reader, at, spec, schedule);
  read_item(reader, at, spec, schedule);
  if (spec.has_catch_up()) schedule.catch_up = reader.number({at, "catch_up"}, spec.catch_up(), 0U, limits::kMaxCatchUp);
  if (!reader.ok()) return reader.status();
  return schedule;
}

void fill(const engine::ScheduleView& view, v1::Schedule& message) {
  const model::ScheduleState& state = view.state;
  fill(view.spec, *message.mutable_spec());
  message.set_paused(state.paused);
  set_time(state.create_time, *message.mutable_create_time());
  if (state.next != base::kNever) set_time(state.next, *message.mutable_next_time());
  for (const base::Time tick : view.upcoming) set_time(tick, *message.add_upcoming());
  message.set_waiting(static_cast<std::uint32_t>(state.waiting.size()));
  message.set_put(state.counters.put);
  message.set_skipped(state.counters.skipped);
  message.set_refused(state.counters.refused);
  if (state.last_tick != base::Time{}) set_time(state.last_tick, *message.mutable_last_tick_time());
  message.set_last_error(state.last_error);
}

}  // namespace sluice::wire
