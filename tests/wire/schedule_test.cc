// Schedules from messages and back.
#include "server/base/limits.h"
#include "server/wire/requests.h"
#include "server/wire/spec.h"
#include "server/wire/views.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::AllOf;

v1::ScheduleSpec nightly() {
  v1::ScheduleSpec spec;
  spec.set_name("nightly");
  spec.set_queue("reports");
  spec.set_cron("0 3 * * *");
  spec.set_time_zone("Europe/Berlin");
  spec.set_payload(std::string("\0x", 2));
  (*spec.mutable_attributes())["kind"] = "all";
  spec.set_priority(-3);
  spec.set_catch_up(5);
  return spec;
}

v1::ScheduleSpec often() {
  v1::ScheduleSpec spec;
  spec.set_name("often");
  spec.set_queue("beats");
  *spec.mutable_every() = duration(1, 500'000'000);
  return spec;
}

TEST(ScheduleSpec, IsReadWhole) {
  const auto spec = schedule_spec(nightly());
  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->name, "nightly");
  EXPECT_EQ(spec->queue, "reports");
  EXPECT_EQ(spec->cron, "0 3 * * *");
  EXPECT_EQ(spec->time_zone, "Europe/Berlin");
  EXPECT_EQ(spec->every, 0us);
  EXPECT_EQ(spec->body->payload, std::string("\0x", 2));
  EXPECT_EQ(spec->body->attributes, (model::Attributes{{"kind", "all"}}));
  EXPECT_EQ(spec->priority, -3);
  EXPECT_EQ(spec->catch_up, 5U);
}

TEST(ScheduleSpec, HasDefaults) {
  const auto spec = schedule_spec(often());
  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->every, 1500ms);
  EXPECT_EQ(spec->cron, "");
  ASSERT_NE(spec->body, nullptr);
  EXPECT_EQ(*spec->body, model::Body{});
  EXPECT_EQ(spec->priority, 0);
  EXPECT_EQ(spec->catch_up, 1U);
}

// Refused for `reason` at `field` once `change` was made to a good one.
template <class Change>
void expect_refused(const v1::ScheduleSpec& good, Change change, Reason reason, const char* field) {
  v1::ScheduleSpec spec = good;
  change(spec);
  const Field root;
  EXPECT_THAT(schedule_spec(spec, {root, "schedule"}), RefusedFor(reason, std::string("schedule.") + field));
}

TEST(ScheduleSpec, ComesByCronOrSoOften) {
  expect_refused(
      nightly(), [](auto& spec) { *spec.mutable_every() = duration(1); }, Reason::kInvalidValue, "cron");
  expect_refused(
      often(), [](auto& spec) { spec.clear_every(); }, Reason::kInvalidValue, "cron");
  expect_refused(
      often(), [](auto& spec) { spec.set_time_zone("UTC"); }, Reason::kInvalidValue, "time_zone");
}

TEST(ScheduleSpec, NamesAreChecked) {
  expect_refused(
      often(), [](auto& spec) { spec.clear_name(); }, Reason::kInvalidName, "name");
  expect_refused(
      often(), [](auto& spec) { spec.set_name("a b"); }, Reason::kInvalidName, "name");
  expect_refused(
      often(), [](auto& spec) { spec.clear_queue(); }, Reason::kInvalidName, "queue");
}

TEST(ScheduleSpec, ACronIsRead) {
  const auto with = [](const std::string& cron) { return [cron](auto& spec) { spec.set_cron(cron); }; };
  expect_refused(nightly(), with("0 3 * *"), Reason::kInvalidValue, "cron");
  expect_refused(nightly(), with("60 3 * * *"), Reason::kInvalidValue, "cron");
  expect_refused(nightly(), with("0 3 30 2 *"), Reason::kInvalidValue, "cron");
  expect_refused(nightly(), with("\xff 3 * * *"), Reason::kInvalidUtf8, "cron");
  const std::string longest = std::string(limits::kMaxCronBytes - 9, ' ') + "0 3 * * *";
  v1::ScheduleSpec spec = nightly();
  spec.set_cron(longest);
  EXPECT_THAT(schedule_spec(spec), IsOk());
  expect_refused(nightly(), with(" " + longest), Reason::kInvalidValue, "cron");
}

TEST(ScheduleSpec, ATimeZoneIsOneOfTheList) {
  const auto with = [](const std::string& zone) { return [zone](auto& spec) { spec.set_time_zone(zone); }; };
  for (const char* good : {"", "UTC", "Etc/GMT+1", "America/Port-au-Prince", "America/Argentina/Buenos_Aires"}) {
    v1::ScheduleSpec spec = nightly();
    spec.set_time_zone(good);
    EXPECT_THAT(schedule_spec(spec), IsOk()) << good;
  }
  expect_refused(nightly(), with("Europe/Berlim"), Reason::kInvalidValue, "time_zone");
  expect_refused(nightly(), with(std::string(limits::kMaxTimeZoneBytes + 1, 'A')), Reason::kInvalidValue, "time_zone");
  // A path that leads to a good file is none.
  for (const char* path : {"/usr/share/zoneinfo/Europe/Berlin", "../zoneinfo/Europe/Berlin", "file:Europe/Berlin"}) {
    expect_refused(nightly(), with(path), Reason::kInvalidValue, "time_zone");
  }
}

TEST(ScheduleSpec, NumbersAreWithinTheirRanges) {
  const auto every = [](const google::protobuf::Duration& value) {
    return [value](auto& spec) { *spec.mutable_every() = value; };
  };
  expect_refused(often(), every(duration(0)), Reason::kInvalidValue, "every");
  expect_refused(often(), every(duration(0, 9'999'000)), Reason::kInvalidValue, "every");
  expect_refused(often(), every(duration(366LL * 86'400, 1'000)), Reason::kInvalidValue, "every");
  expect_refused(
      often(), [](auto& spec) { spec.set_catch_up(1'001); }, Reason::kInvalidValue, "catch_up");
  v1::ScheduleSpec spec = often();
  *spec.mutable_every() = duration(366LL * 86'400);
  spec.set_catch_up(0);
  const auto read = schedule_spec(spec);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->every, limits::kMaxEvery);
  EXPECT_EQ(read->catch_up, 0U);
  *spec.mutable_every() = duration(0, 10'000'000);
  EXPECT_THAT(schedule_spec(spec), IsOk());
}

TEST(ScheduleSpec, TheItemIsCheckedLikeOneThatIsPut) {
  const auto attribute = [](const std::string& key, const std::string& value) {
    return [key, value](auto& spec) { (*spec.mutable_attributes())[key] = value; };
  };
  expect_refused(
      often(), [](auto& spec) { spec.set_payload(std::string(limits::kMaxPayloadBytes + 1, 'x')); }, Reason::kPayloadTooLarge,
      "payload");
  expect_refused(often(), attribute("", "x"), Reason::kInvalidValue, "attributes");
  expect_refused(often(), attribute("sluice.x", "x"), Reason::kInvalidValue, "attributes");
  expect_refused(often(), attribute("x", "\xff"), Reason::kInvalidUtf8, "attributes");
  expect_refused(often(), attribute("sluice-schedule", "x"), Reason::kInvalidValue, "attributes");
  expect_refused(often(), attribute("sluice-tick", "x"), Reason::kInvalidValue, "attributes");
}

TEST(ScheduleSpec, AttributesLeaveRoomForThoseOfATick) {
  v1::ScheduleSpec many = often();
  for (int i = 0; i < 62; ++i) (*many.mutable_attributes())["key" + std::to_string(i)] = "x";
  EXPECT_THAT(schedule_spec(many), IsOk());
  expect_refused(
      many, [](auto& spec) { (*spec.mutable_attributes())["one more"] = "x"; }, Reason::kAttributesTooLarge, "attributes");
  // Keys, "often" and "2026-11-24T03:00:00.123456Z".
  const std::size_t added = 15 + 11 + 5 + 27;
  v1::ScheduleSpec large = often();
  (*large.mutable_attributes())["k"] = std::string(limits::kMaxAttributeBytes - added - 1, 'x');
  EXPECT_THAT(schedule_spec(large), IsOk());
  expect_refused(
      large, [](auto& spec) { (*spec.mutable_attributes())["k"] += "x"; }, Reason::kAttributesTooLarge, "attributes");
}

TEST(ScheduleRequests, NeedASchedule) {
  EXPECT_THAT(spec_of(v1::CreateScheduleRequest()), RefusedFor(Reason::kInvalidValue, "schedule"));
  EXPECT_THAT(spec_of(v1::UpdateScheduleRequest()), RefusedFor(Reason::kInvalidValue, "schedule"));
  v1::UpdateScheduleRequest request;
  *request.mutable_schedule() = often();
  EXPECT_THAT(spec_of(request), IsOk());
  request.mutable_schedule()->set_catch_up(1'001);
  EXPECT_THAT(spec_of(request), AllOf(RefusedFor(Reason::kInvalidValue, "schedule.catch_up"), Saying("0 to 1000")));
}

TEST(ScheduleView, IsShownWhole) {
  engine::ScheduleView view{.spec = *schedule_spec(nightly()), .state = {}, .upcoming = {}};
  const auto second = [](int seconds) { return base::Time{std::chrono::seconds{seconds}}; };
  view.state = {.paused = false,
                .create_time = second(5),
                .next = second(20),
                .waiting = {second(10), second(15)},
                .counters = {.put = 7, .skipped = 8, .refused = 9},
                .last_tick = second(9),
                .last_error = "queue \"reports\" is closed"};
  view.upcoming = {second(20), second(30)};
  v1::Schedule message;
  fill(view, message);
  EXPECT_EQ(message.spec().SerializeAsString(), nightly().SerializeAsString());
  EXPECT_FALSE(message.paused());
  EXPECT_EQ(message.create_time().seconds(), 5);
  EXPECT_EQ(message.next_time().seconds(), 20);
  ASSERT_EQ(message.upcoming_size(), 2);
  EXPECT_EQ(message.upcoming(1).seconds(), 30);
  EXPECT_EQ(message.waiting(), 2U);
  EXPECT_EQ(message.put(), 7U);
  EXPECT_EQ(message.skipped(), 8U);
  EXPECT_EQ(message.refused(), 9U);
  EXPECT_EQ(message.last_tick_time().seconds(), 9);
  EXPECT_EQ(message.last_error(), "queue \"reports\" is closed");
}

TEST(ScheduleView, LeavesOutWhatIsNotThere) {
  engine::ScheduleView view{.spec = *schedule_spec(often()), .state = {}, .upcoming = {}};
  view.state.paused = true;
  v1::Schedule message;
  fill(view, message);
  EXPECT_TRUE(message.paused());
  EXPECT_FALSE(message.has_next_time());
  EXPECT_FALSE(message.has_last_tick_time());
  EXPECT_EQ(message.upcoming_size(), 0);
  EXPECT_EQ(message.spec().every().nanos(), 500'000'000);
}

absl::StatusOr<model::SchedulePatch> patch_with(const std::vector<std::string>& fields,
                                                const v1::ScheduleSpec& spec = nightly()) {
  v1::UpdateScheduleRequest request;
  *request.mutable_schedule() = spec;
  request.mutable_update_mask();
  for (const auto& field : fields) request.mutable_update_mask()->add_paths(field);
  return patch_of(request);
}

TEST(SchedulePatch, HasWhatTheMaskNames) {
  const auto some = patch_with({"queue", "catch_up"});
  ASSERT_THAT(some, IsOk());
  EXPECT_EQ(some->name, "nightly");
  EXPECT_EQ(some->queue, "reports");
  EXPECT_EQ(some->catch_up, 5U);
  EXPECT_FALSE(some->cron || some->time_zone || some->every || some->payload || some->attributes || some->priority);
  const auto all = patch_with({"queue", "cron", "time_zone", "every", "payload", "attributes", "priority", "catch_up"});
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->cron, "0 3 * * *");
  EXPECT_EQ(all->time_zone, "Europe/Berlin");
  EXPECT_EQ(all->every, 0us);
  EXPECT_EQ(all->payload, std::string("\0x", 2));
  EXPECT_EQ(all->attributes, (model::Attributes{{"kind", "all"}}));
  EXPECT_EQ(all->priority, -3);
  const auto none = patch_with({});
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->queue || none->catch_up);
}

TEST(SchedulePatch, GivesWhatIsLeftOutItsDefault) {
  v1::ScheduleSpec spec;
  spec.set_name("nightly");
  const auto patch = patch_with({"cron", "every", "catch_up", "attributes", "payload"}, spec);
  ASSERT_THAT(patch, IsOk());
  EXPECT_EQ(patch->cron, "");
  EXPECT_EQ(patch->every, 0us);
  EXPECT_EQ(patch->catch_up, 1U);
  EXPECT_EQ(patch->attributes, model::Attributes{});
  EXPECT_EQ(patch->payload, "");
}

TEST(SchedulePatch, RefusesWhatCannotBe) {
  for (const char* field : {"name", "paused", "", "attributes.kind"}) {
    EXPECT_THAT(patch_with({"queue", field}), RefusedFor(Reason::kInvalidValue, "update_mask.paths[1]")) << field;
  }
  auto spec = nightly();
  spec.set_cron("61 * * * *");
  EXPECT_THAT(patch_with({"cron"}, spec), RefusedFor(Reason::kInvalidValue, "schedule.cron"));
  EXPECT_THAT(patch_with({"queue"}, spec), IsOk()) << "what is not named does not count";
  spec.set_time_zone("../etc/passwd");
  EXPECT_THAT(patch_with({"time_zone"}, spec), RefusedFor(Reason::kInvalidValue, "schedule.time_zone"));
  spec.set_queue("");
  EXPECT_THAT(patch_with({"queue"}, spec), RefusedFor(Reason::kInvalidName, "schedule.queue"));
  (*spec.mutable_attributes())["sluice-tick"] = "x";
  EXPECT_THAT(patch_with({"attributes"}, spec), RefusedFor(Reason::kInvalidValue, "schedule.attributes"));
}

}  // namespace
}  // namespace sluice::wire
