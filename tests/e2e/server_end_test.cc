// How sluiced ends: by SIGTERM in good order, by SIGKILL without leaving anything behind, and by a bad configuration at once.
#include <csignal>
#include <filesystem>

#include "tests/e2e/fifo.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* kHeld = R"(
handlers:
  held:
    subprocess:
      commands: [{shell: 'echo $$ > started; read line < gate; echo done > finished'}]
pipelines:
  - name: held
    stages: [{input: in, handler: held}]
)";

class ServerEnd : public Scenario {
 protected:
  // A server with one child that tells its pid, waits at the gate, and writes a file before it ends.
  [[nodiscard]] pid_t start_child(const std::vector<std::string>& flags = {}) {
    start(kHeld, flags);
    gate.emplace(server->directory() / "gate");
    started.emplace(server->directory() / "started");
    connect().queue("in").put("x");
    return static_cast<pid_t>(std::stol(started->read_line()));
  }

  // True once the server takes nothing new.
  [[nodiscard]] bool refuses_work() const {
    const Client client(server->address(), {.connect_timeout = 0s, .reconnect_timeout = 0s});
    return eventually([&] { return reason_of([&] { client.queue("in").put("y"); }) == "SHUTTING_DOWN"; });
  }

  std::optional<Fifo> gate;
  std::optional<Fifo> started;
};

TEST_F(ServerEnd, SigkillLeavesNoChildProcess) {
  const pid_t child = start_child();
  server->kill9();
  EXPECT_TRUE(process_ends(child));
}

// Scenario 26: work that must be waited for, and work that ends with the program.
TEST_F(ServerEnd, Scenario26_SigtermLetsRunningWorkFinish) {
  const pid_t child = start_child({"--drain-timeout", "60s"});
  server->signal(SIGTERM);
  ASSERT_TRUE(refuses_work());
  EXPECT_GT(stats_of(child).threads, 0U);
  gate->write_line();
  EXPECT_EQ(server->wait(kPatience), 0);
  EXPECT_TRUE(std::filesystem::exists(server->directory() / "finished"));
}

TEST_F(ServerEnd, SigtermEndsWorkThatOutlastsTheDrain) {
  const pid_t child = start_child({"--drain-timeout", "100ms"});
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait(kPatience), 0);
  EXPECT_TRUE(process_ends(child));
  EXPECT_FALSE(std::filesystem::exists(server->directory() / "finished"));
}

TEST_F(ServerEnd, Scenario26_WorkThatOutlastsTheDrainIsThereAtTheNextStart) {
  const pid_t child = start_child({"--drain-timeout", "100ms", "--data", "data"});
  connect().queue("in").put("behind it");
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait(kPatience), 0);
  EXPECT_TRUE(process_ends(child));
  server->restart();
  // The child of the next life tells that it has begun, with the same item.
  started->read_line();
  const auto items = connect().queue("in").peek();
  ASSERT_EQ(items.size(), 2U);
  for (const PeekedItem& item : items) EXPECT_EQ(item.state == ItemState::kLeased, item.payload == "x") << item.payload;
  gate->write_line();
  started->read_line();
  gate->write_line();
  connect().pipeline("held").join({.max_wait = kPatience});
}

TEST_F(ServerEnd, ASecondSigtermEndsItAtOnce) {
  const pid_t child = start_child({"--drain-timeout", "1h"});
  server->signal(SIGTERM);
  ASSERT_TRUE(refuses_work());
  server->signal(SIGTERM);
  server->wait(kPatience);
  EXPECT_TRUE(process_ends(child));
}

TEST_F(ServerEnd, AMalformedConfigurationIsRefusedWithItsLine) {
  const auto finished = support::run_sluiced({}, "queues:\n  - name: tasks\n  - [never closed\n");
  EXPECT_EQ(finished.exit_code, 2) << finished.error;
  EXPECT_THAT(finished.error, HasSubstr("sluiced.yaml:"));
}

}  // namespace
}  // namespace sluice::e2e
