// What the routes show and do.
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "server/admin/messages.h"
#include "server/admin/page.h"
#include "server/base/errors.h"
#include "server/log/log.h"
#include "tests/admin/rig.h"

namespace sluice::admin {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Api, TellsThatItLivesAndIsReady) {
  Rig rig;
  EXPECT_EQ(rig.json("/healthz")["status"], "ok");
  EXPECT_EQ(rig.json("/readyz")["status"], "ready");
  rig.set_ready(base::error(base::Reason::kShuttingDown, "the server is going down"));
  const auto answer = get(rig.port(), "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(json::parse(answer.body)["reason"], "SHUTTING_DOWN");
  EXPECT_EQ(get(rig.port(), "/healthz").status, 200);
  EXPECT_EQ(rig.json("/api/v1/server")["ready"], false);
}

TEST(Api, WaitsForTheStoreToBeRead) {
  Rig rig;
  rig.create("q");
  rig.set_ready(base::error(base::Reason::kRecovering, "the server still reads its store"));
  for (const char* path : {"/readyz", "/metrics", "/api/v1/queues", "/api/v1/server", "/api/v1/events"}) {
    const auto answer = get(rig.port(), path);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_EQ(json::parse(answer.body)["reason"], "RECOVERING") << path;
  }
  EXPECT_EQ(post(rig.port(), "/api/v1/queues/q/pause").status, 503);
  EXPECT_EQ(get(rig.port(), "/healthz").status, 200);
  EXPECT_EQ(get(rig.port(), "/").status, 200);
  rig.set_ready(absl::OkStatus());
  EXPECT_EQ(rig.json("/api/v1/queues/q")["paused"], false);
}

TEST(Api, ProbesAreAnsweredUnderAnyName) {
  const Rig rig;
  EXPECT_EQ(ask(rig.port(), "GET", "/healthz", "", {"Host: whatever.example"}).status, 200);
  EXPECT_EQ(ask(rig.port(), "GET", "/readyz", "", {"Host: whatever.example"}).status, 200);
  EXPECT_EQ(ask(rig.port(), "GET", "/metrics", "", {"Host: whatever.example"}).status, 403);
}

TEST(Api, ListsQueuesInPages) {
  Rig rig;
  for (const char* name : {"a", "b/c", "d"}) rig.create(name);
  const auto first = rig.json("/api/v1/queues?page_size=2");
  ASSERT_EQ(first["queues"].size(), 2U);
  EXPECT_EQ(first["queues"][1]["name"], "b/c");
  const auto second = rig.json("/api/v1/queues?page_size=2&page_token=" + first["next_page_token"].get<std::string>());
  ASSERT_EQ(second["queues"].size(), 1U);
  EXPECT_EQ(second["next_page_token"], "");
  EXPECT_EQ(rig.json("/api/v1/queues?prefix=b")["queues"].size(), 1U);
  for (const char* bad : {"?page_size=x", "?page_size=1001", "?page_token=x", "?page_size=-1"}) {
    EXPECT_EQ(get(rig.port(), std::string("/api/v1/queues") + bad).status, 400) << bad;
  }
}

// Numbers as numbers; everything else as protobuf has it, which is what `sluice ls --json` prints.
void expect_same(const json& ours, const json& protobufs, const std::string& path) {
  if (ours.is_object()) {
    for (const auto& [key, value] : protobufs.items()) {
      const auto inner = fmt::format("{}.{}", path, key);
      ASSERT_TRUE(ours.contains(key)) << inner;
      expect_same(ours[key], value, inner);
    }
    EXPECT_EQ(ours.size(), protobufs.size()) << path;
  } else if (ours.is_array()) {
    ASSERT_EQ(ours.size(), protobufs.size()) << path;
    for (std::size_t i = 0; i < ours.size(); ++i) expect_same(ours[i], protobufs[i], path + "[]");
  } else if (ours.is_number_integer() && protobufs.is_string()) {
    EXPECT_EQ(ours.dump(), protobufs.get<std::string>()) << path;
  } else {
    EXPECT_EQ(ours, protobufs) << path;
  }
}

json by_protobuf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return json::parse(text);
}

TEST(Api, ShowsQueuesAndPipelinesAsTheCommandDoes) {
  Rig rig;
  rig.create_line();
  rig.put("input", "hold");
  const auto running = [](const json& seen) { return !seen["stages"][0]["running"].empty(); };
  // Nothing moves any more once it runs; what was shown until then may be partly of before.
  rig.until("/api/v1/pipelines/line", running);
  const auto pipeline = rig.json("/api/v1/pipelines/line");
  expect_same(pipeline, by_protobuf(message_of(*see_pipeline(rig.runtime(), "line"))), "pipeline");

  rig.create("q", 2);
  rig.put("q", "x");
  rig.take("q");
  expect_same(rig.json("/api/v1/queues/q"), by_protobuf(message_of(*see_queue(rig.runtime(), "q"))), "queue");
}

TEST(Api, SaysWhatIsNotThere) {
  const Rig rig;
  for (const auto& [path, reason] : std::map<std::string, std::string>{{"/api/v1/queues/none", "QUEUE_NOT_FOUND"},
                                                                       {"/api/v1/queues/none/items", "QUEUE_NOT_FOUND"},
                                                                       {"/api/v1/pipelines/none", "PIPELINE_NOT_FOUND"},
                                                                       {"/api/v1/nothing", "NO_SUCH_PAGE"},
                                                                       {"/api/v2", "NO_SUCH_PAGE"}}) {
    const auto answer = get(rig.port(), path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(json::parse(answer.body)["reason"], reason) << path;
  }
  EXPECT_EQ(get(rig.port(), "/api/v1/queues/%20").status, 400);
  EXPECT_EQ(ask(rig.port(), "DELETE", "/api/v1/queues/a", "", {"Content-Type: application/json"}).status, 405);
}

TEST(Api, ShowsItems) {
  Rig rig;
  rig.create("q");
  rig.put("q", "first");
  rig.put("q", std::string("\xff\0 no text", 10));
  rig.put("q", "ääää");
  rig.take("q");
  const auto items = rig.json("/api/v1/queues/q/items?max_payload_bytes=3")["items"];
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0]["payload_base64"], "/wAg");
  EXPECT_FALSE(items[0].contains("payload"));
  EXPECT_EQ(items[1]["payload"], "ä");
  EXPECT_EQ(items[1]["payload_bytes"], 8);
  EXPECT_EQ(items[2]["state"], "ITEM_STATE_LEASED");
  EXPECT_EQ(items[2]["consumer"], "a test");
  EXPECT_EQ(rig.json("/api/v1/queues/q/items?state=leased")["items"].size(), 1U);
  const auto page = rig.json("/api/v1/queues/q/items?page_size=2");
  EXPECT_EQ(rig.json("/api/v1/queues/q/items?page_token=" + page["next_page_token"].get<std::string>())["items"].size(), 1U);
  EXPECT_EQ(get(rig.port(), "/api/v1/queues/q/items?state=done").status, 400);
}

TEST(Api, ShowsKeysAndTimesOfItems) {
  Rig rig;
  rig.create("q");
  const auto body = std::make_shared<model::Body>(model::Body{"x", {}});
  const model::ItemOptions options{
      .time_to_live = std::chrono::hours(2), .dedup_key = "d", .unique_key = "u", .order_key = "o"};
  rig.put("q", {.body = body, .priority = -7, .options = std::make_shared<model::ItemOptions>(options)});
  rig.put("q", {.body = body, .delay = std::chrono::hours(1)});
  const auto items = rig.json("/api/v1/queues/q/items")["items"];
  ASSERT_EQ(items.size(), 2U);
  const auto seconds = [](const json& item, const char* key) {
    google::protobuf::Timestamp time;
    EXPECT_TRUE(google::protobuf::util::TimeUtil::FromString(item[key].get<std::string>(), &time)) << key << " of " << item;
    return time.seconds();
  };
  EXPECT_EQ(items[0]["priority"], -7);
  EXPECT_EQ(items[0]["dedup_key"], "d");
  EXPECT_EQ(items[0]["unique_key"], "u");
  EXPECT_EQ(items[0]["order_key"], "o");
  EXPECT_EQ(seconds(items[0], "expire_time"), seconds(items[0], "put_time") + 7'200);
  EXPECT_EQ(items[1]["state"], "ITEM_STATE_DELAYED");
  EXPECT_EQ(seconds(items[1], "due_time"), seconds(items[1], "put_time") + 3'600);
  for (const char* key : {"expire_time", "last_failure"}) EXPECT_FALSE(items[1].contains(key)) << items[1];
  for (const char* key : {"dedup_key", "unique_key", "order_key", "dead_from", "consumer"}) EXPECT_EQ(items[1][key], "") << key;
}

TEST(Api, ShowsWhatRunsAndWhatHasDied) {
  Rig rig;
  rig.create_line(2);
  rig.put("input", "fail");
  rig.put("input", "hold");
  const auto running = rig.until("/api/v1/running", [](const json& seen) { return seen["running"].size() == 1; })["running"][0];
  EXPECT_EQ(running["pipeline"], "line");
  EXPECT_EQ(running["stage"], "work");
  EXPECT_EQ(running["queue"], "input");
  EXPECT_EQ(running["attempt"], 1);
  EXPECT_GT(running["item_id"], 0);
  const auto dead =
      rig.until("/api/v1/dead_letters", [](const json& seen) { return !seen["dead_letters"].empty(); })["dead_letters"][0];
  EXPECT_EQ(dead["queue"], "input.dead");
  EXPECT_EQ(dead["unfinished"], 1);
  EXPECT_EQ(dead["items"][0]["last_failure"]["reason"], "ON_PURPOSE");
  EXPECT_EQ(dead["items"][0]["dead_from"], "input");
  const auto stages = rig.json("/api/v1/stages")["stages"];
  ASSERT_EQ(stages.size(), 1U);
  EXPECT_EQ(stages[0]["pipeline"], "line");
  EXPECT_EQ(stages[0]["busy_workers"], 1);
}

TEST(Api, ShowsJobsAndBatches) {
  Rig rig;
  rig.create("q");
  rig.submit("q", {"a", "b"});
  const auto jobs = rig.json("/api/v1/jobs?state=running");
  ASSERT_EQ(jobs["jobs"].size(), 2U);
  EXPECT_EQ(jobs["counts"]["running"], 2);
  EXPECT_EQ(jobs["counts"]["batches"], 1);
  EXPECT_THAT(rig.json("/api/v1/jobs?state=failed")["jobs"], IsEmpty());
  const auto id = jobs["jobs"][1]["job_id"].dump();
  EXPECT_EQ(rig.json("/api/v1/jobs/" + id)["state"], "JOB_STATE_RUNNING");
  const auto first = rig.json("/api/v1/jobs?page_size=1");
  const auto second = rig.json("/api/v1/jobs?page_size=1&page_token=" + first["next_page_token"].get<std::string>());
  EXPECT_EQ(second["jobs"][0], jobs["jobs"][1]);
  const auto batches = rig.json("/api/v1/batches")["batches"];
  ASSERT_EQ(batches.size(), 1U);
  const auto batch = batches[0]["batch_id"].dump();
  EXPECT_EQ(rig.json("/api/v1/batches/" + batch), batches[0]);
  EXPECT_EQ(rig.json("/api/v1/jobs?batch=" + batch)["jobs"].size(), 2U);
  for (const char* bad : {"jobs/x", "jobs?state=x", "jobs?batch=x", "jobs?page_size=0x", "batches/x", "batches?page_token=x"}) {
    EXPECT_EQ(get(rig.port(), std::string("/api/v1/") + bad).status, 400) << bad;
  }
  for (const char* missing : {"jobs/99999999999", "batches/99999999999"}) {
    EXPECT_EQ(get(rig.port(), std::string("/api/v1/") + missing).status, 404) << missing;
  }
}

TEST(Api, ShowsLimitsAndSchedules) {
  Rig rig;
  rig.create("q");
  rig.create_limit("a/b", 3);
  rig.create_limit("c", 1);
  rig.create_schedule("nightly", "q");
  const auto limits = rig.json("/api/v1/limits?page_size=1");
  ASSERT_EQ(limits["limits"].size(), 1U);
  EXPECT_EQ(limits["limits"][0]["spec"]["max_at_once"], 3);
  const auto more = rig.json("/api/v1/limits?page_token=" + limits["next_page_token"].get<std::string>());
  EXPECT_EQ(more["limits"][0]["spec"]["name"], "c");
  EXPECT_EQ(rig.json("/api/v1/limits/a%2Fb"), limits["limits"][0]);
  const auto schedule = rig.json("/api/v1/schedules")["schedules"][0];
  EXPECT_EQ(schedule["spec"]["cron"], "@yearly");
  EXPECT_EQ(schedule["spec"]["payload_bytes"], 7);
  EXPECT_FALSE(schedule["spec"].contains("payload"));
  EXPECT_THAT(schedule["upcoming"], IsEmpty());
  const auto one = rig.json("/api/v1/schedules/nightly");
  EXPECT_EQ(one["upcoming"].size(), limits::kUpcomingTicks);
  EXPECT_EQ(one["next_time"], schedule["next_time"]);
  for (const char* missing : {"limits/x", "schedules/x"}) {
    EXPECT_EQ(get(rig.port(), std::string("/api/v1/") + missing).status, 404) << missing;
  }
}

TEST(Api, SaysWhatIsStalled) {
  Rig rig;
  EXPECT_THAT(rig.json("/api/v1/stalls")["stalls"], IsEmpty());
  rig.create("alone");
  rig.put("alone", "x");
  rig.create_line(0);
  rig.put("input", "x");
  rig.put("output", "nobody waits for this");
  std::set<std::string> reasons;
  const auto stalls = rig.json("/api/v1/stalls")["stalls"];
  for (const auto& stall : stalls) {
    reasons.insert(stall["queue"].get<std::string>() + " " + stall["reason"].get<std::string>());
  }
  EXPECT_THAT(reasons, ElementsAre("alone NO_CONSUMER", "input STAGE_WITHOUT_WORKERS"));
}

TEST(Api, ListsItselfAndTheHandlers) {
  Rig rig;
  const auto routes = rig.json("/api/v1")["routes"];
  EXPECT_THAT(routes, testing::Contains("GET /api/v1/queues/{queue}"));
  EXPECT_EQ(rig.json("/api/v1/handlers")["handlers"][0]["name"], "gate");
  const auto server = rig.json("/api/v1/server");
  EXPECT_EQ(server["version"], "1.2.3");
  EXPECT_EQ(server["actions"], true);
  EXPECT_EQ(server["token_needed"], false);
  EXPECT_TRUE(server["store"].is_null());
}

TEST(Page, IsCarriedByTheProgram) {
  const Rig rig;
  const auto page = get(rig.port(), "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<title>Sluice</title>"));
  for (const PageFile& file : page_files()) {
    const auto answer = get(rig.port(), "/page/" + std::string(file.name));
    EXPECT_EQ(answer.body, file.bytes) << file.name;
    EXPECT_NE(answer.headers.at("content-type"), "application/octet-stream") << file.name;
  }
  EXPECT_EQ(get(rig.port(), "/page/none.js").status, 404);
  EXPECT_EQ(get(rig.port(), "/page/..%2Fmain.cc").status, 404);
}

TEST(Page, IsNotSentAgainToWhoHasIt) {
  const Rig rig;
  const auto first = get(rig.port(), "/page/main.js");
  const auto again = ask(rig.port(), "GET", "/page/main.js", "", {"If-None-Match: " + first.headers.at("etag")});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
}

TEST(Actions, PauseResumePurgeAndCloseQueues) {
  Rig rig;
  rig.create("a/b");
  rig.put("a/b", "x");
  EXPECT_EQ(json::parse(post(rig.port(), "/api/v1/queues/a%2Fb/pause").body)["paused"], true);
  EXPECT_EQ(json::parse(post(rig.port(), "/api/v1/queues/a%2Fb/resume", "{}").body)["paused"], false);
  EXPECT_EQ(json::parse(post(rig.port(), "/api/v1/queues/a%2Fb/purge").body)["discarded"], 1);
  rig.put("a/b", "y");
  const auto closed = json::parse(post(rig.port(), "/api/v1/queues/a%2Fb/close", R"({"immediate": true})").body);
  EXPECT_EQ(closed["state"], "QUEUE_STATE_CLOSED");
  EXPECT_EQ(closed["unfinished"], 0);
  EXPECT_EQ(post(rig.port(), "/api/v1/queues/none/pause").status, 404);
}

TEST(Actions, CancelAndMoveItems) {
  Rig rig;
  rig.create("q");
  rig.create("other");
  rig.put("q", "x");
  rig.put("q", "y");
  const auto items = rig.json("/api/v1/queues/q/items")["items"];
  ASSERT_EQ(items.size(), 2U);
  const json cancel = {{"item_ids", {items[0]["item_id"]}}};
  const auto cancelled = json::parse(post(rig.port(), "/api/v1/queues/q/cancel", cancel.dump()).body);
  EXPECT_EQ(cancelled["results"][0]["outcome"], "CANCEL_OUTCOME_CANCELLED");
  EXPECT_EQ(post(rig.port(), "/api/v1/queues/q/cancel", "{}").status, 400);
  EXPECT_EQ(post(rig.port(), "/api/v1/queues/none/cancel", cancel.dump()).status, 404);
  const auto homeless = json::parse(post(rig.port(), "/api/v1/queues/q/redrive", "{}").body);
  EXPECT_EQ(homeless["left_homeless"], 1);
  const auto moved = json::parse(post(rig.port(), "/api/v1/queues/q/redrive", R"({"to": "other"})").body);
  EXPECT_EQ(moved["redriven"], 1);
  EXPECT_EQ(moved["next_page_token"], "");
  EXPECT_EQ(rig.json("/api/v1/queues/q")["counters"]["redriven"], 1);
  EXPECT_EQ(rig.json("/api/v1/queues/other")["waiting"], 1);
}

TEST(Actions, ScalePauseResumeAndCloseStages) {
  Rig rig;
  rig.create_line(1);
  const std::string stage = "/api/v1/pipelines/line/stages/work";
  EXPECT_EQ(json::parse(post(rig.port(), stage + "/scale", R"({"workers": 3})").body)["stages"][0]["spec"]["workers"], 3);
  EXPECT_EQ(json::parse(post(rig.port(), stage + "/pause").body)["stages"][0]["state"], "STAGE_STATE_PAUSED");
  EXPECT_EQ(json::parse(post(rig.port(), stage + "/resume").body)["stages"][0]["state"], "STAGE_STATE_RUNNING");
  EXPECT_EQ(post(rig.port(), stage + "/scale", R"({"workers": 1001})").status, 400);
  EXPECT_EQ(post(rig.port(), "/api/v1/pipelines/line/stages/none/pause").status, 404);
  EXPECT_EQ(post(rig.port(), "/api/v1/pipelines/line/close").status, 200);
  rig.until("/api/v1/pipelines/line", [](const json& seen) { return seen["finished"] == true; });
}

TEST(Actions, UpdateLimitsAndPauseSchedules) {
  Rig rig;
  rig.create("q");
  rig.create_limit("a/b", 3);
  rig.create_schedule("nightly", "q");
  const auto updated = post(rig.port(), "/api/v1/limits/a%2Fb/update", R"({"max_at_once": 6})");
  EXPECT_EQ(json::parse(updated.body)["spec"]["max_at_once"], 6) << updated.body;
  EXPECT_EQ(post(rig.port(), "/api/v1/limits/a%2Fb/update", R"({"max_at_once": 1000001})").status, 400);
  EXPECT_EQ(post(rig.port(), "/api/v1/limits/x/update", R"({"max_at_once": 1})").status, 404);
  EXPECT_EQ(json::parse(post(rig.port(), "/api/v1/schedules/nightly/pause").body)["paused"], true);
  EXPECT_THAT(rig.json("/api/v1/schedules/nightly")["upcoming"], IsEmpty());
  EXPECT_EQ(json::parse(post(rig.port(), "/api/v1/schedules/nightly/resume").body)["paused"], false);
  EXPECT_EQ(post(rig.port(), "/api/v1/schedules/x/pause").status, 404);
}

TEST(Actions, RefuseABodyThatSaysSomethingElse) {
  Rig rig;
  rig.create("q");
  for (const char* body : {"nonsense", "[]", R"({"imediate": true})", R"({"immediate": "perhaps"})", "{", "\xff"}) {
    const auto answer = post(rig.port(), "/api/v1/queues/q/close", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(json::parse(answer.body)["reason"], "INVALID_VALUE") << body;
  }
  EXPECT_EQ(rig.json("/api/v1/queues/q")["state"], "QUEUE_STATE_OPEN");
}

TEST(Actions, NameOnlyWhatThePathNames) {
  Rig rig;
  rig.create("q");
  rig.create("other");
  EXPECT_EQ(post(rig.port(), "/api/v1/queues/q/pause", R"({"queue": "other"})").status, 200);
  EXPECT_EQ(rig.json("/api/v1/queues/other")["paused"], false);
  EXPECT_EQ(rig.json("/api/v1/queues/q")["paused"], true);
}

TEST(Actions, AreGuarded) {
  Rig rig({.token = "s3cret"});
  rig.create("q");
  EXPECT_EQ(post(rig.port(), "/api/v1/queues/q/pause").status, 401);
  EXPECT_EQ(ask(rig.port(), "POST", "/api/v1/queues/q/pause", "",
                {"Content-Type: application/json", "Authorization: Bearer s3cret", "Origin: http://evil.example"})
                .status,
            403);
  EXPECT_EQ(ask(rig.port(), "POST", "/api/v1/queues/q/pause", "", {"Authorization: Bearer s3cret"}).status, 415);
  EXPECT_EQ(rig.json("/api/v1/queues/q")["paused"], false);
  EXPECT_EQ(
      ask(rig.port(), "POST", "/api/v1/queues/q/pause", "", {"Content-Type: application/json", "Authorization: Bearer s3cret"})
          .status,
      200);
  EXPECT_EQ(rig.json("/api/v1/queues/q")["paused"], true);
}

TEST(Actions, CanBeTurnedOff) {
  Rig rig({.actions = false});
  rig.create("q");
  const auto answer = post(rig.port(), "/api/v1/queues/q/pause");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("admin.actions"));
}

TEST(Actions, ChangeTheLogLevel) {
  Rig rig;
  const auto before = log::level();
  const auto put = [&](const std::string& body) {
    return ask(rig.port(), "PUT", "/api/v1/log", body, {"Content-Type: application/json"});
  };
  EXPECT_EQ(put(R"({"level": "error"})").status, 200);
  EXPECT_EQ(log::level(), log::Level::kError);
  EXPECT_EQ(rig.json("/api/v1/log")["level"], "error");
  for (const char* body : {"", "{}", R"({"level": 1})", R"({"level": "loud"})", "nonsense"})
    EXPECT_EQ(put(body).status, 400) << body;
  log::set_level(before);
}

}  // namespace
}  // namespace sluice::admin
