// What Prometheus is told.
#include "server/admin/metrics.h"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/handlers/exits.h"
#include "server/handlers/subprocess.h"
#include "tests/admin/rig.h"

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

// The values by series, as in "a{b=\"c\"}".
std::map<std::string, double> values(const std::string& text) {
  std::map<std::string, double> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with('#')) continue;
    const auto space = line.rfind(' ');
    EXPECT_TRUE(result.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second) << line;
  }
  return result;
}

std::set<std::string> families(const std::string& text) {
  std::set<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string name = line.substr(7, line.rfind(' ') - 7);
    EXPECT_TRUE(result.insert(name).second) << "twice: " << name;
  }
  return result;
}

TEST(Exposition, WritesTheTextFormat) {
  Exposition out;
  out.family("a_total", Exposition::Type::kCounter, "How many.");
  out.value({}, std::uint64_t{3});
  out.value({{"x", "a\"b\\c\nd"}, {"y", ""}}, 0.5);
  EXPECT_EQ(out.take(),
            "# HELP a_total How many.\n# TYPE a_total counter\na_total 3\na_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0.5\n");
}

TEST(Exposition, WritesHistograms) {
  base::Histogram times;
  times.add(100us);
  times.add(2s);
  times.add(2h);
  Exposition out;
  out.family("t_seconds", Exposition::Type::kHistogram, "How long.");
  out.value({{"q", "a"}}, times);
  const std::string text = out.take();
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{q=\"a\",le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{q=\"a\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{q=\"a\",le=\"5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{q=\"a\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_sum{q=\"a\"} 7202.0001\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_count{q=\"a\"} 3\n"));
}

engine::QueueView queue_named(const std::string& name, std::uint64_t put, base::Time born = base::Time(1s)) {
  engine::QueueView queue;
  queue.name = name;
  queue.create_time = born;
  queue.counters.put = put;
  queue.waiting = 1;
  return queue;
}

TEST(Metrics, ShareANameBeyondTheLimit) {
  Metrics metrics(2, 2);
  const auto put = [&](std::vector<engine::QueueView> queues, const std::string& name) {
    const auto all = values(metrics.text({.queues = std::move(queues)}));
    const auto found = all.find(fmt::format("sluice_queue_put_total{{queue=\"{}\"}}", name));
    return found == all.end() ? -1.0 : found->second;
  };
  EXPECT_EQ(put({queue_named("a", 1), queue_named("b", 1)}, "_other"), -1);
  const std::vector<engine::QueueView> four{queue_named("a", 1), queue_named("b", 1), queue_named("c", 5), queue_named("d", 7)};
  EXPECT_EQ(put(four, "_other"), 12);
  EXPECT_EQ(put(four, "c"), -1);
  // Growth counts once, and stays when its queue is gone.
  EXPECT_EQ(put({queue_named("a", 1), queue_named("b", 1), queue_named("c", 6), queue_named("d", 7)}, "_other"), 13);
  EXPECT_EQ(put({queue_named("a", 1), queue_named("b", 1), queue_named("d", 7)}, "_other"), 13);
  // A new queue under an old name begins anew.
  EXPECT_EQ(put({queue_named("a", 1), queue_named("b", 1), queue_named("d", 2, base::Time(2s))}, "_other"), 15);
  // Who shares the name keeps sharing it; the next new one takes the free place.
  EXPECT_EQ(put({queue_named("b", 1), queue_named("d", 2, base::Time(2s))}, "_other"), 15);
  const std::vector<engine::QueueView> last{queue_named("b", 1), queue_named("d", 2, base::Time(2s)), queue_named("e", 9)};
  EXPECT_EQ(put(last, "_other"), 15);
  EXPECT_EQ(put(last, "e"), 9);
}

TEST(Metrics, CountQueuesAndStages) {
  Rig rig;
  rig.create_line();
  rig.put("input", "fail");
  rig.put("input", "through");
  rig.put("input", "hold");
  rig.until("/api/v1/running",
            [](const nlohmann::json& seen) { return seen["running"].size() == 1 && seen["running"][0]["attempt"] == 1; });
  rig.until("/api/v1/queues/output", [](const nlohmann::json& seen) { return seen["waiting"] == 1; });
  rig.create("idle", 7);
  rig.calls().count_start(0);
  rig.calls().count_end(0, absl::StatusCode::kResourceExhausted, 2ms);
  const auto answer = get(rig.port(), "/metrics");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto all = values(answer.body);
  const std::map<std::string, double> expected = {
      {R"(sluice_build_info{version="1.2.3"})", 1},
      {"sluice_ready", 1},
      {"sluice_queues", 4},
      {"sluice_pipelines", 1},
      {R"(sluice_queue_items{queue="input",state="leased"})", 1},
      {R"(sluice_queue_items{queue="output",state="waiting"})", 1},
      {R"(sluice_queue_items{queue="input.dead",state="waiting"})", 1},
      {R"(sluice_queue_capacity{queue="idle"})", 7},
      {R"(sluice_queue_open{queue="idle"})", 1},
      {R"(sluice_queue_put_total{queue="input"})", 3},
      {R"(sluice_queue_done_total{queue="input"})", 1},
      {R"(sluice_queue_failed_total{queue="input"})", 1},
      {R"(sluice_queue_dead_lettered_total{queue="input"})", 1},
      {R"(sluice_queue_wait_seconds_count{queue="input"})", 3},
      {R"(sluice_stage_workers{pipeline="line",stage="work",state="busy"})", 1},
      {R"(sluice_stage_workers{pipeline="line",stage="work",state="idle"})", 0},
      {R"(sluice_stage_workers_wanted{pipeline="line",stage="work"})", 1},
      {R"(sluice_stage_items_total{pipeline="line",stage="work",result="SUCCEEDED"})", 1},
      {R"(sluice_stage_items_total{pipeline="line",stage="work",result="ON_PURPOSE"})", 1},
      {R"(sluice_stage_run_seconds_count{pipeline="line",stage="work"})", 2},
      {R"(grpc_server_started_total{grpc_type="unary",grpc_service="sluice.v1.QueueService",grpc_method="Put"})", 1},
      {R"(grpc_server_handled_total{grpc_type="unary",grpc_service="sluice.v1.QueueService",grpc_method="Put",grpc_code="ResourceExhausted"})",
       1},
      {R"(grpc_server_handling_seconds_count{grpc_type="unary",grpc_service="sluice.v1.QueueService",grpc_method="Put"})", 1}};
  for (const auto& [series, value] : expected) {
    const auto found = all.find(series);
    ASSERT_NE(found, all.end()) << series;
    EXPECT_EQ(found->second, value) << series;
  }
  EXPECT_GT(all.at("sluice_commit_seconds_count"), 0);
  EXPECT_GT(all.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(all.at("process_start_time_seconds"), 1.6e9);
  EXPECT_GT(all.at("process_open_fds"), 3);
  EXPECT_GE(all.at("process_threads"), 2);
}

// Another number for each, so that none can stand under another's name.
TEST(Metrics, ShowEachNumberOfAQueue) {
  engine::QueueView queue = queue_named("q", 1);
  queue.settings.capacity = 21;
  queue.state = model::QueueState::kClosed;
  queue.paused = true;
  queue.waiting = 22;
  queue.delayed = 23;
  queue.leased = 24;
  queue.bytes = 25;
  queue.waiting_puts = 26;
  queue.waiting_gets = 27;
  queue.waiting_joins = 28;
  queue.oldest_age = 1'500ms;
  queue.counters = {.put = 1,
                    .done = 2,
                    .delivered = 3,
                    .failed = 4,
                    .lease_lost = 5,
                    .retried = 6,
                    .dead_lettered = 7,
                    .discarded = 8,
                    .rejected = 9,
                    .cancelled = 10,
                    .expired = 11,
                    .redriven = 12,
                    .duplicates = 13};
  const auto all = values(Metrics().text({.queues = {queue}}));
  const std::map<std::string, double> expected = {{"capacity", 21},
                                                  {"open", 0},
                                                  {"paused", 1},
                                                  {"bytes", 25},
                                                  {"waiting_puts", 26},
                                                  {"waiting_gets", 27},
                                                  {"waiting_joins", 28},
                                                  {"oldest_age_seconds", 1.5},
                                                  {"put_total", 1},
                                                  {"done_total", 2},
                                                  {"delivered_total", 3},
                                                  {"failed_total", 4},
                                                  {"lease_lost_total", 5},
                                                  {"retried_total", 6},
                                                  {"dead_lettered_total", 7},
                                                  {"discarded_total", 8},
                                                  {"rejected_total", 9},
                                                  {"cancelled_total", 10},
                                                  {"expired_total", 11},
                                                  {"redriven_total", 12},
                                                  {"duplicates_total", 13}};
  for (const auto& [name, value] : expected)
    EXPECT_EQ(all.at(fmt::format("sluice_queue_{}{{queue=\"q\"}}", name)), value) << name;
  EXPECT_EQ(all.at(R"(sluice_queue_items{queue="q",state="waiting"})"), 22);
  EXPECT_EQ(all.at(R"(sluice_queue_items{queue="q",state="delayed"})"), 23);
  EXPECT_EQ(all.at(R"(sluice_queue_items{queue="q",state="leased"})"), 24);
  queue.oldest_age.reset();
  EXPECT_EQ(values(Metrics().text({.queues = {queue}})).at(R"(sluice_queue_oldest_age_seconds{queue="q"})"), 0);
}

TEST(Metrics, ShowEachNumberOfAStage) {
  engine::StageView view{.spec = {.name = "s", .workers = 1}, .state = model::StageState::kPaused};
  view.remote_workers = 2;
  view.remote_items = 3;
  view.remote_done = 4;
  view.remote_failed = 5;
  model::StageStatus status;
  status.workers = 9;
  status.busy = 6;
  status.succeeded = 7;
  status.failures = {{"EXIT_CODE", 8}};
  engine::PipelineView pipeline;
  pipeline.name = "p";
  pipeline.stages.push_back(view);
  const auto all = values(Metrics().text({.pipelines = {{pipeline, {status}}}}));
  const std::map<std::string, double> expected = {
      {"workers_wanted{", 1}, {"remote_workers{", 2}, {"remote_items{", 3}, {"paused{", 1}};
  for (const auto& [name, value] : expected) {
    EXPECT_EQ(all.at(fmt::format(R"(sluice_stage_{}pipeline="p",stage="s"}})", name)), value) << name;
  }
  EXPECT_EQ(all.at(R"(sluice_stage_workers{pipeline="p",stage="s",state="busy"})"), 6);
  EXPECT_EQ(all.at(R"(sluice_stage_workers{pipeline="p",stage="s",state="idle"})"), 3);
  EXPECT_EQ(all.at(R"(sluice_stage_items_total{pipeline="p",stage="s",result="SUCCEEDED"})"), 11);
  EXPECT_EQ(all.at(R"(sluice_stage_items_total{pipeline="p",stage="s",result="REMOTE_FAILED"})"), 5);
  EXPECT_EQ(all.at(R"(sluice_stage_items_total{pipeline="p",stage="s",result="EXIT_CODE"})"), 8);
}

TEST(Metrics, ShowTheStoreWhereThereIsOne) {
  Measured measured;
  EXPECT_THAT(Metrics().text(measured), Not(HasSubstr("sluice_store_")));
  measured.store = journal::StoreUse{.used = 1, .limit = 2, .reserve = 3, .disk_free = 4};
  const auto all = values(Metrics().text(measured));
  EXPECT_EQ(all.at("sluice_store_used_bytes"), 1);
  EXPECT_EQ(all.at("sluice_store_limit_bytes"), 2);
  EXPECT_EQ(all.at("sluice_store_reserve_bytes"), 3);
  EXPECT_EQ(all.at("sluice_disk_free_bytes"), 4);
}

TEST(Metrics, CountTheEndsOfChildrenByTheirHandler) {
  handlers::Registry registry;
  auto children = handlers::make_subprocess({.commands = {{.argv = {"true"}}}});
  ASSERT_TRUE(children.ok());
  ASSERT_TRUE(registry.add("resize", *children).ok());
  Measured measured;
  measured.registry = &registry;
  const auto all = values(Metrics().text(measured));
  EXPECT_EQ(all.at(R"(sluice_handler_exits_total{handler="resize",reason="SUCCEEDED"})"), 0) << "there from the beginning";
  EXPECT_EQ(all.at(R"(sluice_handler_exits_total{handler="resize",reason="TIMED_OUT"})"), 0);
}

// Its n-th reason n times.
class Parent final : public handlers::Handler, public handlers::HasChildren {
 public:
  Parent() {
    int times = 0;
    for (const std::string_view reason : handlers::Exits::kReasons) {
      ++times;
      for (int i = 0; i < times; ++i) exits_.count(reason);
    }
  }
  boost::asio::awaitable<handlers::Outcome> run(const handlers::Input&, handlers::Context&) override {
    co_return handlers::Outcome{};
  }
  [[nodiscard]] std::string_view kind() const override { return "subprocess"; }
  [[nodiscard]] std::string_view description() const override { return "Has had children"; }
  [[nodiscard]] const handlers::Exits& exits() const override { return exits_; }

 private:
  handlers::Exits exits_;
};

TEST(Metrics, CountTheEndsOfChildrenByReason) {
  handlers::Registry registry;
  ASSERT_TRUE(registry.add("parent", std::make_shared<Parent>()).ok());
  Measured measured;
  measured.registry = &registry;
  const auto all = values(Metrics().text(measured));
  double times = 0;
  for (const char* reason :
       {"SUCCEEDED", "EXIT_CODE", "SIGNALED", "TIMED_OUT", "OUTPUT_TOO_LARGE", "SPAWN_FAILED", "BAD_FRAME", "GIVEN_UP"}) {
    EXPECT_EQ(all.at(fmt::format(R"(sluice_handler_exits_total{{handler="parent",reason="{}"}})", reason)), ++times) << reason;
  }
}

TEST(Metrics, TellWherePayloadsAre) {
  const auto all = values(Metrics().text({.payloads = {.resident = 1, .spilled = 2, .reads = {.items = 3, .bytes = 4}}}));
  EXPECT_EQ(all.at("sluice_payload_resident_bytes"), 1);
  EXPECT_EQ(all.at("sluice_payload_spilled_bytes"), 2);
  EXPECT_EQ(all.at("sluice_payload_reads_total"), 3);
  EXPECT_EQ(all.at("sluice_payload_read_bytes_total"), 4);
}

TEST(Metrics, TellWhatIsStalledAndNotReady) {
  Measured measured{.queues = {queue_named("a", 1)}, .ready = false};
  measured.queues[0].stalls.push_back({engine::StallReason::kNoConsumer, "a", "..."});
  const auto all = values(Metrics().text(measured));
  EXPECT_EQ(all.at(R"(sluice_queue_stalled{queue="a",reason="NO_CONSUMER"})"), 1);
  EXPECT_EQ(all.at("sluice_ready"), 0);
}

TEST(Metrics, TellOfJobsLimitsAndSchedules) {
  Measured measured;
  measured.jobs = {.running = 3, .ended = 4, .result_bytes = 5, .batches = 6, .awaiters = 7};
  measured.limits.push_back({.spec = {.name = "db", .max_at_once = 2}, .in_use = 1, .waiting = {{"p", "s"}}});
  measured.schedules.push_back(
      {.spec = {.name = "a"}, .state = {.paused = true, .counters = {.put = 1, .skipped = 2, .refused = 3}}});
  measured.schedules.push_back({.spec = {.name = "b"}, .state = {.waiting = {base::Time{}}, .counters = {.put = 4}}});
  Metrics metrics(1);
  auto all = values(metrics.text(measured));
  EXPECT_EQ(all.at(R"(sluice_jobs{state="running"})"), 3);
  EXPECT_EQ(all.at("sluice_batches"), 6);
  EXPECT_EQ(all.at(R"(sluice_limit_in_use{limit="db"})"), 1);
  EXPECT_EQ(all.at(R"(sluice_limit_max_at_once{limit="db"})"), 2);
  EXPECT_EQ(all.at(R"(sluice_limit_waiting_stages{limit="db"})"), 1);
  EXPECT_EQ(all.at(R"(sluice_schedule_ticks_total{schedule="a",result="skipped"})"), 2);
  EXPECT_EQ(all.at(R"(sluice_schedule_paused{schedule="a"})"), 1);
  EXPECT_EQ(all.at(R"(sluice_schedule_ticks_total{schedule="_other",result="put"})"), 4);
  EXPECT_EQ(all.at(R"(sluice_schedule_waiting{schedule="_other"})"), 1);
  // What those without series of their own have counted stays when they are gone.
  measured.schedules.pop_back();
  all = values(metrics.text(measured));
  EXPECT_EQ(all.at("sluice_schedules"), 1);
  EXPECT_EQ(all.at(R"(sluice_schedule_ticks_total{schedule="_other",result="put"})"), 4);
}

// docs/admin.md explains every metric, and no other.
TEST(Metrics, AreAllExplained) {
  static constexpr base::CallName kNames[] = {{"s", "M", "unary"}};
  const base::CallCounts calls(kNames);
  Measured measured;
  measured.calls = &calls;
  measured.store = journal::StoreUse{};
  const handlers::Registry registry;
  measured.registry = &registry;
  const auto told = families(Metrics().text(measured));
  std::ifstream document(ADMIN_DOC);
  std::set<std::string> explained;
  for (std::string line; std::getline(document, line);) {
    for (const char* prefix : {"| `sluice_", "| `grpc_server_", "| `process_"}) {
      if (line.starts_with(prefix)) explained.insert(line.substr(3, line.find_first_of("`{", 3) - 3));
    }
  }
  EXPECT_EQ(told, explained);
}

}  // namespace
}  // namespace sluice::admin
