// Every example, run as its README says, against a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "sluice/sluice.h"
#include "tests/support/shell_command.h"
#include "tests/support/sluiced_process.h"

namespace sluice::support {
namespace {

using testing::HasSubstr;

const std::string kBinaries = SLUICE_EXAMPLES_BINARIES;

std::string source(const std::string& path) {
  std::ifstream file(std::string(SLUICE_EXAMPLES_SOURCES) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str(), "") << path;
  return text.str();
}

// What the line prints; the binaries are in its PATH, and SLUICE_SERVER is set.
std::string run(const SluicedProcess& server, const std::string& line) {
  ShellCommand command("export PATH='" + kBinaries + "':$PATH SLUICE_SERVER=" + server.address() + "\n" + line);
  EXPECT_EQ(command.wait(), 0) << line << '\n' << command.output();
  return command.output();
}

TEST(Examples, ProducerConsumer) {
  SluicedProcess server;
  for (int again = 0; again < 2; ++again) {
    const std::string output = run(server, "producer_consumer $SLUICE_SERVER");
    EXPECT_THAT(output, HasSubstr("does task 20\n"));
    EXPECT_THAT(output, HasSubstr("20 tasks done\n"));
  }
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, ThreeStages) {
  SluicedProcess server;
  EXPECT_EQ(run(server, "three_stages $SLUICE_SERVER"),
            "download: 1000 photos, 0 workers left\n"
            "resize: 1000 photos, 0 workers left\n"
            "upload: 1000 photos, 0 workers left\n"
            "1000 photos done\n");
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, ThreeStagesFromAFile) {
  SluicedProcess server({.config = source("three_stages/three_stages.yaml")});
  run(server, "seq 1000 | sluice put download --lines && sluice close download && sluice join photos");
  EXPECT_THAT(run(server, "sluice get done -n 3 --done"), HasSubstr("\n"));
  EXPECT_EQ(Client(server.address()).queue("done").stats().counters.put, 1'000U);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, OpensslChain) {
  SluicedProcess server(
      {.config = source("openssl_chain/openssl_chain.yaml"), .environment = {{"FILE_PASSWORD", "open sesame"}}});
  const std::string digests = run(server, source("openssl_chain/run"));
  std::size_t found = 0;
  std::istringstream lines(digests);
  for (std::string line; std::getline(lines, line);) {
    if (testing::internal::RE::FullMatch(line, "[0-9a-f]+ \\*stdin")) ++found;
  }
  EXPECT_EQ(found, 6U) << digests;
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, NativeHandler) {
  SluicedProcess server({.program = kBinaries + "/native_handler", .config = source("native_handler/native_handler.yaml")});
  run(server, "sluice put celsius 21.5 -40 warm && sluice join weather");
  EXPECT_EQ(run(server, "sluice get fahrenheit --done"), "70.7");
  EXPECT_EQ(run(server, "sluice get fahrenheit --done"), "-40.0");
  EXPECT_THAT(run(server, "sluice peek celsius.dead"), HasSubstr("HANDLER_THREW"));
  run(server, "sluice put hosts localhost && sluice join network");
  EXPECT_EQ(run(server, "sluice get addresses --done"), "127.0.0.1");
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, GameOfLife) {
  SluicedProcess server({.program = kBinaries + "/life_server"});
  const std::string one_phase = run(server, "game_of_life $SLUICE_SERVER");
  EXPECT_THAT(one_phase, HasSubstr("generation 4\n"
                                   "---------\n"
                                   "----*----\n"
                                   "-----*---\n"
                                   "---***---\n"
                                   "---------\n"));
  EXPECT_EQ(run(server, "game_of_life $SLUICE_SERVER two"), one_phase);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, RemoteStage) {
  SluicedProcess server({.config = source("remote_stage/remote_stage.yaml")});
  run(server, "printf 'live\\nleveL\\n\\n' | sluice put texts --file - && sluice close texts");
  EXPECT_EQ(run(server, "remote_stage $SLUICE_SERVER"), "2 done, 1 failed\n");
  run(server, "sluice join letters");
  const std::string done = run(server, "sluice get done -n 2 --done");
  EXPECT_THAT(done, HasSubstr("EVIL"));
  EXPECT_THAT(done, HasSubstr("LEVEL"));
  EXPECT_THAT(run(server, "sluice peek lines.dead"), HasSubstr("nothing to be seen"));
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, Futures) {
  SluicedProcess server;
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(run(server, "futures $SLUICE_SERVER"),
              "12 squared is 144\n"
              "1 4 9 16 25 \n"
              "square failed: -7 has been refused\n");
  }
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, Worker) {
  SluicedProcess server;
  run(server, "sluice create texts && sluice create counts");
  run(server, "sluice put texts 'to be or not to be' 'that is the question' ''");
  run(server, "sluice close texts");
  EXPECT_EQ(run(server, "worker $SLUICE_SERVER texts counts"), "2 done, 1 failed\n");
  const Client client(server.address());
  EXPECT_EQ(client.queue("counts").stats().waiting, 2U);
  const auto dead = client.queue("texts.dead").peek();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead.front().last_failure->message, "there are no words in it");
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace sluice::support
