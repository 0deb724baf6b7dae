// Targets, routes and guards: what is pure.
#include "server/admin/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/admin/guard.h"
#include "server/admin/problem.h"
#include "server/admin/router.h"

namespace sluice::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Target, IsTakenApart) {
  const auto target = parse_target("/a/b%2Fc?x=1&y=two+words&&z&n%61me=%C3%A4");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b%2Fc");
  EXPECT_EQ(target->query,
            (std::map<std::string, std::string, std::less<>>{{"x", "1"}, {"y", "two words"}, {"z", ""}, {"name", "ä"}}));
}

TEST(Target, WrongOnesAreNone) {
  for (const char* text : {"", "a", "*", "http://other.example/", "/?a=%", "/?a=%4", "/?a=%zz", "/?%-1=a", "/?a=%+1"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(PercentDecoding, NeedsTwoDigits) {
  EXPECT_EQ(percent_decoded("a%2fb%2F%00"), std::string("a/b/\0", 5));
  EXPECT_FALSE(percent_decoded("%"));
  EXPECT_FALSE(percent_decoded("%g1"));
  EXPECT_FALSE(percent_decoded("%1"));
}

class Routes : public testing::Test {
 protected:
  Routes() {
    router_.add("GET", "/", [](const Match&) { return told("root"); });
    router_.add("GET", "/queues/{queue}", [](const Match& match) { return told("show " + match.part("queue")); });
    router_.add("POST", "/queues/{queue}/close", [](const Match& match) { return told("close " + match.part("queue")); });
    router_.add("PUT", "/queues/{queue}", [](const Match&) { return told("put"); });
  }

  static Response told(std::string text) {
    Response response;
    response.body = std::move(text);
    return response;
  }

  Response route(const std::string& method, const std::string& path) {
    Request request;
    request.method = method;
    request.path = path;
    std::optional<Response> answer;
    router_.route(request, [&answer](Response response) { answer = std::move(response); });
    return answer ? *std::move(answer) : told("no answer");
  }

  Router router_;
};

TEST_F(Routes, MatchPartsAndDecodeThem) {
  EXPECT_EQ(route("GET", "/").body, "root");
  EXPECT_EQ(route("GET", "/queues/a%2Fb").body, "show a/b");
  EXPECT_EQ(route("POST", "/queues/x/close").body, "close x");
  EXPECT_THAT(router_.list(), ElementsAre("GET /", "GET /queues/{queue}", "POST /queues/{queue}/close", "PUT /queues/{queue}"));
}

TEST_F(Routes, RefuseWhatIsNotThere) {
  for (const char* path : {"/nothing", "/queues", "/queues/", "/queues/a/b/c", "//", "", "/queues/a/close/"}) {
    EXPECT_EQ(route("GET", path).status, 404U) << path;
  }
  EXPECT_EQ(route("GET", "/queues/%zz").status, 400U);
}

TEST_F(Routes, TellWhatAPathTakes) {
  const auto response = route("DELETE", "/queues/a");
  EXPECT_EQ(response.status, 405U);
  EXPECT_THAT(response.headers, ElementsAre(std::pair("Allow", "GET, HEAD, PUT")));
  EXPECT_THAT(response.body, HasSubstr("METHOD_NOT_ALLOWED"));
}

TEST(Problem, IsADocument) {
  auto status = base::error(base::Reason::kQueueNotFound, "there is no queue \"x\"");
  base::annotate(status, "queue", "x");
  const auto response = problem(status);
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["type"], "urn:sluice:reason:QUEUE_NOT_FOUND");
  EXPECT_EQ(json["reason"], "QUEUE_NOT_FOUND");
  EXPECT_EQ(json["status"], 404);
  EXPECT_EQ(json["detail"], "there is no queue \"x\"");
  EXPECT_EQ(json["metadata"]["queue"], "x");
}

TEST(Problem, HasAnHttpStatusForEveryReason) {
  for (const auto& reason : base::all_reasons()) {
    const auto response = problem(base::error(reason.reason, "\xff"));
    EXPECT_GE(response.status, 400U) << reason.name;
    EXPECT_TRUE(nlohmann::json::accept(response.body)) << reason.name;
  }
  EXPECT_EQ(problem(absl::InternalError("no reason")).status, 500U);
}

Request request_to(const std::string& host) {
  Request request;
  request.host = host;
  request.content_type = "application/json";
  return request;
}

TEST(Guard, KnowsItsOwnNames) {
  const Access access{.allowed_hosts = {"Sluice.example"}};
  for (const char* host : {"", "localhost", "LOCALHOST:7411", "127.0.0.1:7411", "[::1]:7411", "[::1]", "10.1.2.3",
                           "sluice.example:80", "a.localhost"}) {
    EXPECT_FALSE(refuse_reading(request_to(host), access)) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "sluice.example.evil", "[evil]",
                           "127.1", "0x7f000001"}) {
    const auto refusal = refuse_reading(request_to(host), access);
    ASSERT_TRUE(refusal) << host;
    EXPECT_EQ(refusal->status, 403U);
  }
}

TEST(Guard, KeepsPagesOfOtherSitesFromActing) {
  const Access access;
  auto request = request_to("127.0.0.1:7411");
  EXPECT_FALSE(refuse_acting(request, access));
  request.origin = "http://127.0.0.1:7411";
  request.fetch_site = "same-origin";
  EXPECT_FALSE(refuse_acting(request, access));
  for (const char* origin : {"http://evil.example", "http://127.0.0.1:8080", "null", "http://127.0.0.1:7411.evil.example"}) {
    request.origin = origin;
    const auto refusal = refuse_acting(request, access);
    ASSERT_TRUE(refusal) << origin;
    EXPECT_EQ(refusal->status, 403U);
  }
  request.origin = "";
  for (const char* site : {"cross-site", "same-site", "nonsense"}) {
    request.fetch_site = site;
    EXPECT_TRUE(refuse_acting(request, access)) << site;
  }
}

TEST(Guard, DemandsWhatAFormCannotSend) {
  auto request = request_to("localhost");
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"}) {
    request.content_type = type;
    const auto refusal = refuse_acting(request, {});
    ASSERT_TRUE(refusal) << type;
    EXPECT_EQ(refusal->status, 415U);
  }
  request.content_type = "Application/JSON ; charset=utf-8";
  EXPECT_FALSE(refuse_acting(request, {}));
}

TEST(Guard, AsksForTheToken) {
  const Access access{.token = "s3cret"};
  auto request = request_to("localhost");
  for (const char* given :
       {"", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret ", "Bearer S3CRET", "Basic s3cret"}) {
    request.authorization = given;
    const auto refusal = refuse_acting(request, access);
    ASSERT_TRUE(refusal) << given;
    EXPECT_EQ(refusal->status, 401U);
    EXPECT_THAT(refusal->headers, ElementsAre(testing::Pair("WWW-Authenticate", HasSubstr("Bearer"))));
  }
  request.authorization = "bearer s3cret";
  EXPECT_FALSE(refuse_acting(request, access));
  EXPECT_FALSE(refuse_reading(request_to("localhost"), access));
}

TEST(Guard, CanForbidActing) {
  const auto refusal = refuse_acting(request_to("localhost"), {.actions = false});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 403U);
  EXPECT_THAT(refusal->body, HasSubstr("admin.actions"));
}

TEST(Guard, ComparesWhole) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abcabc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", ""));
}

}  // namespace
}  // namespace sluice::admin
