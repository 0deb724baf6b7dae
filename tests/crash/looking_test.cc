// What the command shows of a server that was killed and has come back.
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sluice/client.h"
#include "tests/support/shell_command.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using support::ShellCommand;
using support::SluicedProcess;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Looking : public testing::Test {
 protected:
  // Items in every state, a queue that is closed, one that is paused, and a dead letter.
  void SetUp() override {
    Queue tasks = client_.create_queue("tasks", {.retry = {.max_attempts = 3, .initial_backoff = 1h, .max_backoff = 2h}});
    for (const char* payload : {"held", "failed", "done", "waiting"}) tasks.put(payload);
    tasks.put(NewItem{.payload = "later", .delay = 1h});
    (void)tasks.get({.max_wait = 10s, .keep_leased = false});
    tasks.get({.max_wait = 10s})->fail("the disk was full");
    tasks.get({.max_wait = 10s})->done();
    Queue closed = client_.create_queue("closed", {.retry = {.max_attempts = 1}});
    closed.put("poison");
    closed.get({.max_wait = 10s})->fail("never again");
    closed.close();
    client_.create_queue("paused").pause();
    server_.kill9();
    server_.restart();
  }

  std::string sluice(const std::string& arguments) {
    ShellCommand command(fmt::format("'{}' --server {} {}", SLUICE_BINARY, server_.address(), arguments));
    EXPECT_EQ(command.wait(), 0) << command.output();
    return command.output();
  }
  // One JSON object a line.
  std::vector<json> sluice_json(const std::string& arguments) {
    std::vector<json> objects;
    std::istringstream lines(sluice("--json " + arguments));
    for (std::string line; std::getline(lines, line);) objects.push_back(json::parse(line));
    return objects;
  }

  test::TempDir data_;
  SluicedProcess server_{{.flags = {"--data", data_.path().string()}}};
  Client client_{server_.address()};
};

TEST_F(Looking, LsListsEveryQueueAsItWas) {
  const std::string text = sluice("ls");
  // Waiting, delayed, leased, capacity, put, done, dead: what was held waits again.
  EXPECT_THAT(text, ContainsRegex("tasks +open +2 +2 +0 +1,?000 +5 +1 +0 "));
  EXPECT_THAT(text, ContainsRegex("closed +closed +0 +0 +0 +1,?000 +1 +0 +1 "));
  EXPECT_THAT(text, ContainsRegex("closed\\.dead +open +1 +0 +0 +- +1 +0 +0 "));
  EXPECT_THAT(text, ContainsRegex("paused +open, paused +0 +0 +0 "));
  EXPECT_EQ(sluice_json("ls").size(), 4U);
}

TEST_F(Looking, PeekShowsTheItemsWithTheirHistory) {
  const std::string text = sluice("peek tasks");
  EXPECT_THAT(text, ContainsRegex("waiting +1 .*held .*LEASE_LOST|waiting +1 .*held .*SERVER_RESTARTED|waiting +1 .*held"));
  EXPECT_THAT(text, ContainsRegex("waiting +0 .*waiting"));
  EXPECT_THAT(text, ContainsRegex("delayed +1 .*failed .*the disk was full"));
  EXPECT_THAT(text, ContainsRegex("delayed +0 .*later"));
  EXPECT_THAT(text, testing::Not(HasSubstr("done ")));
  const auto items = sluice_json("peek tasks");
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0]["payload"], "held");
  EXPECT_THAT(sluice("peek closed.dead"), ContainsRegex("poison .*never again"));
}

}  // namespace
}  // namespace sluice
