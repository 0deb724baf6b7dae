// Where sluiced keeps what it is given, if nobody says where.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/client.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using support::SluicedProcess;
using ::testing::HasSubstr;

class Data : public testing::Test {
 protected:
  test::TempDir directory_;
  // What systemd sets for a unit with a StateDirectory; it must not be there yet.
  const std::string state_ = directory_.path() / "state";
  const std::vector<std::pair<std::string, std::string>> environment_ = {{"SLUICE_DATA", ""}, {"STATE_DIRECTORY", state_}};
};

TEST_F(Data, IsKeptWithoutBeingAskedTo) {
  SluicedProcess sluiced({.environment = environment_});
  Client client(sluiced.address());
  client.create_queue("tasks").put("kept");
  sluiced.kill9();
  sluiced.restart();
  EXPECT_EQ(Client(sluiced.address()).queue("tasks").peek().front().payload, "kept");
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_THAT(sluiced.standard_error(), HasSubstr("\"message\":\"keeping everything on disk\",\"data\":\"" + state_ + "\""));
}

TEST_F(Data, IsOfOneServer) {
  SluicedProcess first({.environment = environment_});
  const auto second = support::run_sluiced({"--listen", "127.0.0.1:0"}, {}, environment_);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.error, HasSubstr(state_ + ": another process uses this data directory"));
  EXPECT_THAT(second.error, HasSubstr("--data none"));
  EXPECT_EQ(first.stop(), 0);
}

TEST_F(Data, IsNotKeptWhenToldSo) {
  SluicedProcess sluiced({.flags = {"--data", "none"}, .environment = environment_});
  Client(sluiced.address()).create_queue("tasks").put("lost");
  sluiced.restart();
  EXPECT_TRUE(Client(sluiced.address()).list_queues().empty());
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_THAT(sluiced.standard_error(), HasSubstr("in memory only"));
  EXPECT_FALSE(std::filesystem::exists(state_));
}

}  // namespace
}  // namespace sluice
