#include <map>
#include <string>

#include <fmt/format.h>

#include "client/cli/attributes.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/item_json.h"
#include "client/cli/output.h"
#include "client/cli/payload_file.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

using internal::from_proto;
using internal::to_proto;

// Sets what was given, and names it: a part of a field is a change of the whole.
google::protobuf::FieldMask apply(const ScheduleArguments& arguments, v1::ScheduleSpec& spec) {
  google::protobuf::FieldMask mask;
  const auto set = [&mask](bool given, const char* field) {
    if (given) mask.add_paths(field);
    return given;
  };
  if (set(arguments.queue.has_value(), "queue")) spec.set_queue(*arguments.queue);
  if (set(arguments.cron.has_value(), "cron")) spec.set_cron(*arguments.cron);
  if (set(arguments.every.has_value(), "every")) *spec.mutable_every() = to_proto(*arguments.every);
  if (set(arguments.time_zone.has_value(), "time_zone")) spec.set_time_zone(*arguments.time_zone);
  if (set(arguments.payload || arguments.file, "payload")) {
    spec.set_payload(arguments.file ? read_payload(*arguments.file) : *arguments.payload);
  }
  set(!arguments.attributes.empty(), "attributes");
  for (const std::string& text : arguments.attributes) {
    if (const auto attribute = parse_attribute(text)) (*spec.mutable_attributes())[attribute->first] = attribute->second;
  }
  if (set(arguments.priority.has_value(), "priority")) spec.set_priority(*arguments.priority);
  if (set(arguments.catch_up.has_value(), "catch_up")) spec.set_catch_up(*arguments.catch_up);
  return mask;
}

std::string ticks_text(const v1::ScheduleSpec& spec) {
  if (spec.has_every()) return fmt::format("every {}", duration_text(from_proto(spec.every())));
  return fmt::format("{} {}", spec.cron(), spec.time_zone().empty() ? "UTC" : spec.time_zone());
}

std::string next_text(const v1::Schedule& schedule) {
  return schedule.has_next_time() ? time_text(from_proto(schedule.next_time())) : "-";
}

std::string item_text(const v1::ScheduleSpec& spec) {
  std::string text = fmt::format("{} of payload", bytes_text(spec.payload().size()));
  if (spec.priority() != 0) text += fmt::format(", priority {}", spec.priority());
  // The message has them in no order.
  const std::map<std::string, std::string> attributes(spec.attributes().begin(), spec.attributes().end());
  for (const auto& [key, value] : attributes) text += fmt::format(", {}={}", key, value);
  return text;
}

std::string schedule_text(const v1::Schedule& schedule) {
  const v1::ScheduleSpec& spec = schedule.spec();
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) { text += fmt::format("{:<14}{}\n", name, value); };
  line("schedule", spec.name());
  line("queue", spec.queue());
  line("ticks", ticks_text(spec));
  line("catch up", count_text(spec.catch_up()));
  line("item", item_text(spec));
  line("created", time_text(from_proto(schedule.create_time())));
  if (schedule.paused()) line("next ticks", "none, it is paused");
  for (int i = 0; i < schedule.upcoming_size(); ++i) {
    line(i == 0 ? "next ticks" : "", time_text(from_proto(schedule.upcoming(i))));
  }
  line("last put", schedule.has_last_tick_time() ? time_text(from_proto(schedule.last_tick_time())) : "-");
  line("waiting", schedule.waiting() == 0 ? "-" : fmt::format("{} for room in the queue", counted(schedule.waiting(), "tick")));
  line("counts", fmt::format("put {}, skipped {}, refused {}", count_text(schedule.put()), count_text(schedule.skipped()),
                             count_text(schedule.refused())));
  if (!schedule.last_error().empty()) line("last error", schedule.last_error());
  return text;
}

int tell(const Session& session, const v1::Schedule& schedule, const std::string& text) {
  print(session.json() ? schedule_json(schedule, false) : text);
  return kOk;
}

int tell(const Session& session, const v1::Schedule& schedule) { return tell(session, schedule, schedule_text(schedule)); }

v1::Schedule look(Session& session, const std::string& name) {
  v1::GetScheduleRequest request;
  request.set_schedule(name);
  return session.call(request).schedule();
}

}  // namespace

int schedule_create(Session& session, const ScheduleArguments& arguments) {
  v1::CreateScheduleRequest request;
  request.mutable_schedule()->set_name(arguments.name);
  (void)apply(arguments, *request.mutable_schedule());
  return tell(session, session.call(request).schedule());
}

int schedule_update(Session& session, const ScheduleArguments& arguments) {
  v1::UpdateScheduleRequest request;
  request.mutable_schedule()->set_name(arguments.name);
  *request.mutable_update_mask() = apply(arguments, *request.mutable_schedule());
  return tell(session, session.call(request).schedule());
}

int schedule_list(Session& session) {
  Table table({"SCHEDULE", "QUEUE", "TICKS", "NEXT", ">WAITING", ">PUT", ">SKIPPED", ">REFUSED"});
  std::string errors;
  v1::ListSchedulesRequest request;
  do {
    const auto response = session.call(request);
    for (const v1::Schedule& schedule : response.schedules()) {
      const v1::ScheduleSpec& spec = schedule.spec();
      if (session.json()) print(schedule_json(schedule, true));
      table.add({spec.name(), spec.queue(), ticks_text(spec), schedule.paused() ? "paused" : next_text(schedule),
                 count_text(schedule.waiting()), count_text(schedule.put()), count_text(schedule.skipped()),
                 count_text(schedule.refused())});
      if (!schedule.last_error().empty()) errors += fmt::format("{}: {}\n", spec.name(), schedule.last_error());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text() + errors);
  return kOk;
}

int schedule_show(Session& session, const NameArguments& arguments) { return tell(session, look(session, arguments.name)); }

int schedule_pause(Session& session, const NameArguments& arguments) {
  v1::PauseScheduleRequest request;
  request.set_schedule(arguments.name);
  return tell(session, session.call(request).schedule(), fmt::format("schedule \"{}\" is paused\n", arguments.name));
}

int schedule_resume(Session& session, const NameArguments& arguments) {
  v1::ResumeScheduleRequest request;
  request.set_schedule(arguments.name);
  const auto response = session.call(request);
  return tell(session, response.schedule(),
              fmt::format("schedule \"{}\" is running; next tick {}\n", arguments.name, next_text(response.schedule())));
}

int schedule_remove(Session& session, const NameArguments& arguments) {
  v1::DeleteScheduleRequest request;
  request.set_schedule(arguments.name);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response);
  } else {
    print(fmt::format("schedule \"{}\" is deleted\n", arguments.name));
  }
  return kOk;
}

}  // namespace sluice::cli
