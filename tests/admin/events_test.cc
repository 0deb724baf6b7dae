// The stream of what changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/admin/rig.h"

namespace sluice::admin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A browser's end of a stream.
class Events {
 public:
  explicit Events(int port) : client_(port) {
    client_.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    head_ = client_.receive_until("\r\n\r\n");
  }

  [[nodiscard]] const std::string& head() const { return head_; }

  // The next event of that kind that says something about what `member` names.
  json next(const std::string& kind, const std::string& member) {
    for (;;) {
      std::string text = client_.receive_until("\n\n");
      if (text.empty()) return {};
      const std::string beginning = "event: " + kind + "\ndata: ";
      if (!text.starts_with(beginning)) continue;
      auto data = json::parse(text.substr(beginning.size()), nullptr, false);
      if (data.contains(member)) return data;
    }
  }

 private:
  Client client_;
  std::string head_;
};

TEST(EventStream, BeginsWithEverything) {
  Rig rig;
  rig.create_line();
  rig.create("q");
  Events events(rig.port());
  EXPECT_THAT(events.head(), HasSubstr("Content-Type: text/event-stream"));
  const auto all = events.next("snapshot", "queues");
  ASSERT_EQ(all["queues"].size(), 3U);
  EXPECT_EQ(all["queues"][2]["name"], "q");
  EXPECT_EQ(all["pipelines"][0]["name"], "line");
  EXPECT_EQ(all["pipelines"][0]["queues"], (json{"input", "output"}));
  EXPECT_TRUE(all.contains("time"));
}

TEST(EventStream, TellsWhatChanges) {
  Rig rig;
  rig.create("changes");
  rig.create("rests");
  Events events(rig.port());
  events.next("snapshot", "queues");
  rig.put("changes", "x");
  const auto changed = events.next("change", "queues");
  ASSERT_EQ(changed["queues"].size(), 1U);
  EXPECT_EQ(changed["queues"][0]["name"], "changes");
  EXPECT_EQ(changed["queues"][0]["waiting"], 1);
  rig.runtime().apply([](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    EXPECT_TRUE(engine.delete_queue(now, "rests", true, effects).ok());
  });
  EXPECT_EQ(events.next("change", "queues_gone")["queues_gone"], json{"rests"});
}

TEST(EventStream, AreLimitedInNumber) {
  Rig rig;
  std::vector<std::unique_ptr<Events>> all;
  for (std::size_t i = 0; i < limits::kMaxAdminStreams; ++i) all.push_back(std::make_unique<Events>(rig.port()));
  const auto answer = get(rig.port(), "/api/v1/events");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(json::parse(answer.body)["reason"], "LIMIT_REACHED");
  all.pop_back();
  // As soon as the server has seen that the other end is gone, one more may come.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string head = all.front()->head();
  do {
    head = Events(rig.port()).head();
  } while (!head.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < deadline);
  EXPECT_THAT(head, testing::StartsWith("HTTP/1.1 200"));
}

TEST(EventStream, EndsWithTheServer) {
  Rig rig;
  Client client(rig.port());
  client.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.receive_until("retry: 1000\n\n");
  rig.admin().stop();
  EXPECT_TRUE(client.wait_for_close());
}

}  // namespace
}  // namespace sluice::admin
