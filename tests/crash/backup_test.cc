// sluice backup while the server serves, and what a server makes of it that starts on the restored store: the real binaries.
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sluice/client.h"
#include "tests/support/shell_command.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::run_sluiced;
using support::ShellCommand;
using support::SluicedProcess;
using ::testing::HasSubstr;

constexpr int kBatch = 7;

class BackupTest : public testing::Test {
 protected:
  // `sluice ARGUMENTS`; what it printed is in output_.
  int sluice(const SluicedProcess& server, const std::string& arguments) {
    ShellCommand command(fmt::format("'{}' --server {} {}", SLUICE_BINARY, server.address(), arguments));
    const int code = command.wait();
    output_ = command.output();
    return code;
  }

  test::TempDir directory_;
  const std::string data_ = (directory_.path() / "data").string();
  const std::string file_ = (directory_.path() / "backup.mdb").string();
  const std::string restored_ = (directory_.path() / "restored").string();
  std::string output_;
};

// Puts batches without end, each with the number of its batch, some of them large.
class Putter {
 public:
  Putter(const Client& client, const std::string& name) : queue_(client.queue(name)), thread_([this] { run(); }) {}
  ~Putter() { stop(); }

  // The batches that the server had acknowledged by now.
  int acknowledged() const { return acknowledged_; }
  void wait_for(int batches) const {
    for (int now = acknowledged_; now < batches; now = acknowledged_) acknowledged_.wait(now);
  }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    for (int batch = 0; !stopping_; ++batch) {
      std::vector<NewItem> items;
      for (int i = 0; i < kBatch; ++i) {
        items.push_back({.payload = fmt::format("{} {}", batch, std::string(batch % 10 == 0 ? 9'000 : 20, 'x'))});
      }
      queue_.put_all(std::move(items));
      ++acknowledged_;
      acknowledged_.notify_all();
    }
  }

  const Queue queue_;
  std::atomic<int> acknowledged_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

TEST_F(BackupTest, UnderLoadHoldsAllThatWasAcknowledgedAndNothingHalf) {
  SluicedProcess server({.flags = {"--data", data_}});
  const Client client(server.address());
  client.create_queue("tasks", {.capacity = 0});
  const Pipeline words =
      client.create_pipeline({.name = "words",
                              .queues = {{.name = "loud", .settings = {.capacity = 0}}},
                              .stages = {{.input = "raw", .output = "loud", .handler = "builtin.upper", .workers = 2}}});
  std::set<std::string> handed_in;
  int acknowledged = 0;
  {
    Putter load(client, "tasks");
    load.wait_for(20);
    for (int i = 0; i < 200; ++i) {
      client.queue("raw").put(fmt::format("w{}", i));
      handed_in.insert(fmt::format("W{}", i));
    }
    acknowledged = load.acknowledged();
    ASSERT_EQ(sluice(server, "backup " + file_), 0) << output_;
    load.wait_for(load.acknowledged() + 5);
  }
  EXPECT_FALSE(std::filesystem::exists(file_ + ".part"));

  const auto restored = run_sluiced({"--data", restored_, "--restore", file_});
  ASSERT_EQ(restored.exit_code, 0) << restored.error;
  SluicedProcess second({.flags = {"--data", restored_}});
  const Client copy(second.address());
  std::map<int, int> batches;
  Queue tasks = copy.queue("tasks");
  tasks.close();
  for (auto& item : tasks) ++batches[std::stoi(std::string(item.payload()))];
  EXPECT_GE(batches.size(), static_cast<std::size_t>(acknowledged));
  int next = 0;
  for (const auto& [batch, items] : batches) {
    EXPECT_EQ(batch, next++) << "the first ones, without a hole";
    EXPECT_EQ(items, kBatch) << "batch " << batch;
  }
  // The pipeline went on while the copy was made: each item is in one queue, and goes on from there.
  copy.pipeline("words").close();
  copy.pipeline("words").join({.max_wait = support::kPatience});
  std::multiset<std::string> handed_on;
  for (auto& item : copy.queue("loud")) handed_on.emplace(item.payload());
  EXPECT_EQ(handed_on, std::multiset<std::string>(handed_in.begin(), handed_in.end()));
}

TEST_F(BackupTest, GoesToStandardOutput) {
  SluicedProcess server({.flags = {"--data", data_}});
  Client(server.address()).create_queue("tasks").put("x");
  ASSERT_EQ(sluice(server, "backup - 2>&1 > " + file_), 0) << output_;
  EXPECT_EQ(run_sluiced({"--data", restored_, "--restore", file_}).exit_code, 0);
}

TEST_F(BackupTest, ReplacesAFileOnlyWhenToldTo) {
  SluicedProcess server({.flags = {"--data", data_}});
  std::ofstream(file_) << "precious";
  EXPECT_EQ(sluice(server, "backup " + file_), 1);
  EXPECT_THAT(output_, HasSubstr("FILE_EXISTS"));
  EXPECT_EQ(std::filesystem::file_size(file_), 8U);
  EXPECT_EQ(sluice(server, "--json backup --force " + file_), 0);
  EXPECT_EQ(output_, fmt::format("{{\"total_bytes\": \"{}\"}}\n", std::filesystem::file_size(file_)));
}

TEST_F(BackupTest, ThatFailsLeavesNothing) {
  SluicedProcess server({.flags = {"--data", "none"}});
  EXPECT_EQ(sluice(server, "backup " + file_), 1);
  EXPECT_THAT(output_, HasSubstr("NO_STORE"));
  EXPECT_EQ(sluice(server, "backup " + (directory_.path() / "missing" / "file").string()), 1);
  EXPECT_THAT(output_, HasSubstr("OUTPUT: cannot create"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

}  // namespace
}  // namespace sluice
