// Clients that are slow, silent, many, or talk nonsense.
#include "server/admin/http_server.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/errors.h"
#include "tests/admin/client.h"

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Says how much it has said.
class Ticks final : public EventSource {
 public:
  std::string next() override { return fmt::format("data: {}\n\n", ++count_); }

 private:
  int count_ = 0;
};

// More than anybody reads; says when the connection has given it up.
class Flood final : public EventSource {
 public:
  explicit Flood(std::promise<void>& gone) : gone_(gone) {}
  ~Flood() override { gone_.set_value(); }
  std::string next() override { return std::string(1UL << 20, 'x'); }

 private:
  std::promise<void>& gone_;
};

class Silence final : public EventSource {
 public:
  std::string next() override { return {}; }
};

void echo(const Request& request, const Reply& reply) {
  if (request.path == "/throws") throw std::runtime_error("no");
  if (request.path == "/never") return;
  Response response;
  if (request.path == "/ticks") response.events = std::make_unique<Ticks>();
  if (request.path == "/silence") response.events = std::make_unique<Silence>();
  response.body = response.events ? "retry: 1\n\n" : fmt::format("{} {} {}", request.method, request.path, request.body);
  reply(std::move(response));
}

class Serving {
 public:
  explicit Serving(const HttpLimits& limits = {}, HttpHandler handler = echo) : server_(limits, std::move(handler)) {
    const auto port = server_.start("127.0.0.1:0");
    EXPECT_TRUE(port.ok()) << port.status();
    port_ = port.value_or(0);
  }
  [[nodiscard]] int port() const { return port_; }
  HttpServer& server() { return server_; }

 private:
  HttpServer server_;
  int port_ = 0;
};

TEST(HttpServer, AnswersOneRequestAfterTheOther) {
  const Serving serving;
  Client client(serving.port());
  for (int i = 0; i < 3; ++i) {
    client.send(fmt::format("POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", i));
    EXPECT_EQ(client.answer().body, fmt::format("POST /{} ab", i));
  }
  client.send("GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.answer().body, "GET /one ");
  EXPECT_EQ(client.answer().body, "GET /two ");
  client.send("GET /end HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.answer().body, "GET /end ");
  EXPECT_TRUE(client.wait_for_close());
}

TEST(HttpServer, GivesTheHeadWithoutTheBody) {
  const Serving serving;
  const auto answer = ask(serving.port(), "HEAD", "/here");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-length"), "10");
}

TEST(HttpServer, SetsSafetyHeaders) {
  const Serving serving;
  const auto headers = get(serving.port(), "/").headers;
  EXPECT_THAT(headers.at("content-security-policy"), StartsWith("default-src 'self'"));
  EXPECT_EQ(headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(headers.at("referrer-policy"), "no-referrer");
}

TEST(HttpServer, RefusesNonsense) {
  const Serving serving;
  for (const char* text :
       {"nonsense\r\n\r\n", "GET / HTTP/7.3\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET nowhere HTTP/1.1\r\n\r\n",
        "GET /%zz?a=%zz HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"}) {
    Client client(serving.port());
    client.send(text);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_TRUE(client.wait_for_close());
  }
  EXPECT_EQ(get(serving.port(), "/still").status, 200);
}

TEST(HttpServer, RefusesLargeHeadersAndBodies) {
  const Serving serving;
  EXPECT_EQ(ask(serving.port(), "GET", "/", "", {"X: " + std::string(limits::kMaxAdminHeaderBytes, 'x')}).status, 431);
  EXPECT_EQ(ask(serving.port(), "GET", "/" + std::string(limits::kMaxAdminHeaderBytes, 'x')).status, 431);
  EXPECT_EQ(ask(serving.port(), "POST", "/", std::string(limits::kMaxAdminBodyBytes + 1, 'x')).status, 413);
  EXPECT_EQ(ask(serving.port(), "POST", "/", std::string(limits::kMaxAdminBodyBytes, 'x')).status, 200);
  Client chunked(serving.port());
  chunked.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n");
  EXPECT_EQ(chunked.answer().status, 413);
}

TEST(HttpServer, DropsTheSilentAndTheSlow) {
  const Serving serving({.request = 100ms, .idle = 100ms});
  Client silent(serving.port());
  Client slow(serving.port());
  slow.send("GET / HTTP/1.1\r\nHost: ");
  Client slow_body(serving.port());
  slow_body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345");
  Client after_one(serving.port());
  after_one.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(after_one.answer().status, 200);
  for (Client* each : {&silent, &slow, &slow_body, &after_one}) EXPECT_TRUE(each->wait_for_close());
}

TEST(HttpServer, DripsDoNotProlongARequest) {
  const Serving serving({.request = 200ms});
  Client client(serving.port());
  // As long as the other end is open; then it fails.
  while (client.send("G")) {
  }
  SUCCEED();
}

TEST(HttpServer, DropsWhoDoesNotRead) {
  std::promise<void> gone;
  const auto flood = [&gone](const Request&, const Reply& reply) {
    Response response;
    response.events = std::make_unique<Flood>(gone);
    reply(std::move(response));
  };
  const Serving serving({.write = 100ms, .event_interval = 1ms}, flood);
  Client client(serving.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_EQ(gone.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(client.wait_for_close());
}

TEST(HttpServer, MakesRoomByEndingTheLongestSilent) {
  constexpr std::size_t kMost = 8;
  const Serving serving({.connections = kMost});
  std::vector<Client> many;
  for (std::size_t i = 0; i < kMost; ++i) {
    many.emplace_back(serving.port());
    many.back().send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(many.back().answer().status, 200);
  }
  EXPECT_EQ(get(serving.port(), "/").status, 200);
  EXPECT_TRUE(many.front().wait_for_close());
  many.back().send("GET /last HTTP/1.1\r\n\r\n");
  EXPECT_EQ(many.back().answer().status, 200);
}

TEST(HttpServer, TurnsAwayWhenAllAreBusy) {
  const Serving serving({.connections = 2, .event_interval = 1ms});
  Client first(serving.port());
  Client second(serving.port());
  for (Client* each : {&first, &second}) {
    each->send("GET /ticks HTTP/1.1\r\n\r\n");
    EXPECT_THAT(each->receive_until("data: 1\n\n"), HasSubstr("data: 1"));
  }
  Client third(serving.port());
  EXPECT_TRUE(third.wait_for_close());
}

TEST(HttpServer, StreamsEvents) {
  const Serving serving({.event_interval = 1ms});
  Client client(serving.port());
  client.send("GET /ticks HTTP/1.1\r\n\r\n");
  const std::string text = client.receive_until("data: 5\n\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("retry: 1\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n"));
}

TEST(HttpServer, SilentStreamsSayThatTheyAreThere) {
  const Serving serving({.event_interval = 1ms, .event_ping = 5ms});
  Client client(serving.port());
  client.send("GET /silence HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.receive_until(": still here\n\n"), HasSubstr("still here"));
}

TEST(HttpServer, SaysWhenThereIsNoAnswer) {
  const Serving serving({.answer = 10ms});
  EXPECT_EQ(get(serving.port(), "/never").status, 504);
  EXPECT_EQ(get(serving.port(), "/throws").status, 500);
  EXPECT_EQ(get(serving.port(), "/").status, 200);
}

TEST(HttpServer, TakesAnswersFromOtherThreadsEvenTooLate) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Reply> replies;
  auto keep = [&](const Request&, Reply reply) {
    const std::lock_guard lock(mutex);
    replies.push_back(std::move(reply));
    changed.notify_all();
  };
  Serving serving({}, keep);
  Client client(serving.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, kPatience, [&] { return replies.size() == 1; }));
  }
  std::jthread other([&] {
    Response response;
    response.body = "late";
    replies[0](std::move(response));
  });
  EXPECT_EQ(client.answer().body, "late");
  other.join();
  client.send("GET / HTTP/1.1\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, kPatience, [&] { return replies.size() == 2; }));
  }
  serving.server().stop();
  replies[1](Response{});
  replies.clear();
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const Serving serving;
  HttpServer second({}, echo);
  const auto port = second.start(fmt::format("127.0.0.1:{}", serving.port()));
  EXPECT_TRUE(base::is(port.status(), base::Reason::kCannotListen)) << port.status();
  EXPECT_TRUE(base::is(HttpServer({}, echo).start("nowhere").status(), base::Reason::kInvalidValue));
}

TEST(HttpServer, EndsWithConnectionsOpen) {
  Serving serving({.event_interval = 1ms});
  Client silent(serving.port());
  Client streaming(serving.port());
  streaming.send("GET /ticks HTTP/1.1\r\n\r\n");
  streaming.receive_until("data: 1\n\n");
  Client waiting(serving.port());
  waiting.send("GET /never HTTP/1.1\r\n\r\n");
  serving.server().stop();
  for (Client* each : {&silent, &streaming, &waiting}) EXPECT_TRUE(each->wait_for_close());
  serving.server().stop();
}

}  // namespace
}  // namespace sluice::admin
