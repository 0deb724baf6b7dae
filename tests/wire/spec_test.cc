#include "server/wire/spec.h"

#include <functional>
#include <limits>

#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::AllOf;

v1::QueueSpec named(const std::string& name) {
  v1::QueueSpec spec;
  spec.set_name(name);
  return spec;
}

// The status of a queue "tasks" whose settings `change` changed.
absl::Status status_with(const std::function<void(v1::QueueSettings&)>& change) {
  auto spec = named("tasks");
  change(*spec.mutable_settings());
  return queue_spec(spec).status();
}

TEST(QueueSpec, LeavesWhatIsLeftOut) {
  const auto spec = queue_spec(named("tasks"));
  ASSERT_THAT(spec, IsOk());
  EXPECT_EQ(spec->name, "tasks");
  const auto& settings = spec->settings;
  EXPECT_FALSE(settings.capacity || settings.order || settings.lease_duration || settings.max_attempts ||
               settings.initial_backoff || settings.max_backoff || settings.multiplier || settings.jitter ||
               settings.dead_letter_queue || settings.durability);
  EXPECT_EQ(spec->initial_settings().dead_letter_queue, "tasks.dead");
}

TEST(QueueSpec, TakesEverySetting) {
  auto spec = named("tasks");
  auto& settings = *spec.mutable_settings();
  settings.set_capacity(0);
  settings.set_order(v1::QUEUE_ORDER_PRIORITY);
  *settings.mutable_lease_duration() = duration(5);
  settings.mutable_retry()->set_max_attempts(0);
  *settings.mutable_retry()->mutable_initial_backoff() = duration(0);
  *settings.mutable_retry()->mutable_max_backoff() = duration(7);
  settings.mutable_retry()->set_multiplier(3.5);
  settings.mutable_retry()->set_jitter(0.0);
  settings.set_dead_letter_queue("morgue");
  settings.set_durability(v1::DURABILITY_MEMORY);
  const auto read = queue_spec(spec);
  ASSERT_THAT(read, IsOk());
  const model::QueueSettings expected{
      .capacity = 0,
      .order = model::QueueOrder::kPriority,
      .durability = model::Durability::kMemory,
      .lease_duration = 5s,
      .retry = {.max_attempts = 0, .initial_backoff = 0s, .max_backoff = 7s, .multiplier = 3.5, .jitter = 0.0},
      .dead_letter_queue = "morgue"};
  EXPECT_EQ(read->initial_settings(), expected);
}

TEST(QueueSpec, ComesBackAsItWent) {
  model::QueueSettings settings;
  settings.capacity = 17;
  settings.order = model::QueueOrder::kLifo;
  settings.durability = model::Durability::kMemory;
  settings.retry.initial_backoff = 1500ms;
  auto spec = named("tasks");
  *spec.mutable_settings() = settings_message(settings);
  EXPECT_EQ(spec.settings().dead_letter_queue(), "-");
  const auto read = queue_spec(spec);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->initial_settings(), settings);
}

TEST(QueueSpec, ChecksNames) {
  EXPECT_THAT(queue_spec(named("")), RefusedFor(Reason::kInvalidName, "name"));
  EXPECT_THAT(queue_spec(named(std::string(200, 'a'))), IsOk());
  EXPECT_THAT(queue_spec(named(std::string(201, 'a'))), RefusedFor(Reason::kInvalidName, "name"));
}

TEST(QueueSpec, BeginsPathsWhereItIsTold) {
  constexpr Field root;
  const Field queues(root, "queues", 4);
  auto spec = named("tasks");
  spec.mutable_settings()->mutable_retry()->set_jitter(2);
  EXPECT_THAT(queue_spec(spec, queues), RefusedFor(Reason::kInvalidValue, "queues[4].settings.retry.jitter"));
}

TEST(QueueSpec, ChecksCapacity) {
  EXPECT_THAT(status_with([](auto& s) { s.set_capacity(100'000'000); }), IsOk());
  EXPECT_THAT(status_with([](auto& s) { s.set_capacity(100'000'001); }),
              AllOf(RefusedFor(Reason::kInvalidValue, "settings.capacity"), Saying("0 to 100000000")));
  EXPECT_THAT(status_with([](auto& s) { s.set_capacity(std::numeric_limits<std::uint32_t>::max()); }),
              RefusedFor(Reason::kInvalidValue, "settings.capacity"));
}

TEST(QueueSpec, ChecksOrder) {
  EXPECT_THAT(status_with([](auto& s) { s.set_order(v1::QUEUE_ORDER_UNSPECIFIED); }), IsOk());
  EXPECT_THAT(status_with([](auto& s) { s.set_order(static_cast<v1::QueueOrder>(4)); }),
              RefusedFor(Reason::kInvalidValue, "settings.order"));
  EXPECT_THAT(status_with([](auto& s) { s.set_order(static_cast<v1::QueueOrder>(-1)); }),
              RefusedFor(Reason::kInvalidValue, "settings.order"));
}

TEST(QueueSpec, ChecksDurability) {
  EXPECT_THAT(status_with([](auto& s) { s.set_durability(v1::DURABILITY_SYNC); }), IsOk());
  EXPECT_THAT(status_with([](auto& s) { s.set_durability(static_cast<v1::Durability>(3)); }),
              RefusedFor(Reason::kInvalidValue, "settings.durability"));
}

TEST(QueueSpec, ChecksLease) {
  const auto status = [](const google::protobuf::Duration& lease) {
    return status_with([&](auto& s) { *s.mutable_lease_duration() = lease; });
  };
  EXPECT_THAT(status(duration(0, 1'000'000)), IsOk());
  EXPECT_THAT(status(duration(86'400)), IsOk());
  for (const auto& lease : {duration(0), duration(0, 999'000), duration(86'400, 1), duration(-60)}) {
    EXPECT_THAT(status(lease), RefusedFor(Reason::kInvalidValue, "settings.lease_duration"));
  }
}

TEST(QueueSpec, ChecksRetry) {
  const auto status = [](const std::function<void(v1::RetryPolicy&)>& change) {
    return status_with([&](auto& s) { change(*s.mutable_retry()); });
  };
  EXPECT_THAT(status([](auto& r) { r.set_max_attempts(1'000'000); }), IsOk());
  EXPECT_THAT(status([](auto& r) { r.set_max_attempts(1'000'001); }),
              RefusedFor(Reason::kInvalidValue, "settings.retry.max_attempts"));
  EXPECT_THAT(status([](auto& r) { *r.mutable_initial_backoff() = duration(-1); }),
              RefusedFor(Reason::kInvalidValue, "settings.retry.initial_backoff"));
  EXPECT_THAT(status([](auto& r) { *r.mutable_max_backoff() = duration(86'400); }), IsOk());
  EXPECT_THAT(status([](auto& r) { *r.mutable_max_backoff() = duration(86'401); }),
              RefusedFor(Reason::kInvalidValue, "settings.retry.max_backoff"));
  for (const double multiplier : {1.0, 100.0}) {
    EXPECT_THAT(status([=](auto& r) { r.set_multiplier(multiplier); }), IsOk());
  }
  for (const double multiplier : {0.99, 100.01, 0.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(status([=](auto& r) { r.set_multiplier(multiplier); }),
                RefusedFor(Reason::kInvalidValue, "settings.retry.multiplier"));
  }
  for (const double jitter : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(status([=](auto& r) { r.set_jitter(jitter); }), RefusedFor(Reason::kInvalidValue, "settings.retry.jitter"));
  }
}

TEST(QueueSpec, WantsTheLongestBackoffToBeTheLongest) {
  const auto status = [](std::int64_t first, std::int64_t longest) {
    return status_with([=](auto& s) {
      *s.mutable_retry()->mutable_initial_backoff() = duration(first);
      *s.mutable_retry()->mutable_max_backoff() = duration(longest);
    });
  };
  EXPECT_THAT(status(5, 5), IsOk());
  EXPECT_THAT(status(6, 5), AllOf(RefusedFor(Reason::kInvalidValue, "settings.retry.max_backoff"), Saying("6s")));
  // Against the default of the other one.
  EXPECT_THAT(status_with([](auto& s) { *s.mutable_retry()->mutable_initial_backoff() = duration(301); }),
              RefusedFor(Reason::kInvalidValue, "settings.retry.max_backoff"));
}

TEST(QueueSpec, ChecksTheDeadLetterQueue) {
  const auto status = [](const std::string& queue) { return status_with([&](auto& s) { s.set_dead_letter_queue(queue); }); };
  EXPECT_THAT(status("-"), IsOk());
  EXPECT_THAT(status("morgue"), IsOk());
  EXPECT_THAT(status(""), RefusedFor(Reason::kInvalidName, "settings.dead_letter_queue"));
  EXPECT_THAT(status("--"), RefusedFor(Reason::kInvalidName, "settings.dead_letter_queue"));
  EXPECT_THAT(status("tasks"), RefusedFor(Reason::kInvalidValue, "settings.dead_letter_queue"));
  EXPECT_THAT(status(std::string(200, 'a') + ".dead"), IsOk());
  EXPECT_THAT(status(std::string(206, 'a')), RefusedFor(Reason::kInvalidName, "settings.dead_letter_queue"));
}

}  // namespace
}  // namespace sluice::wire
