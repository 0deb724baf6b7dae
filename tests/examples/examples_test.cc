// Every example, run as its README says, against a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

// As the README starts it: from the file where it lies, since what it runs lies beside it.
TEST(Examples, Factors) {
  SluicedProcess server({.flags = {"--config", std::string(SLUICE_EXAMPLES_SOURCES) + "/factors/factors.yaml"}});
  run(server, "seq 1000000000 1000000003 | sluice put numbers --lines && sluice put numbers '84 36' 'no number'");
  run(server, "sluice join numbers");
  const std::string found = run(server, "sluice get factors -n 200 --done");
  for (const char* line : {"2 2 2 2 2 2 2 2 2 5 5 5 5 5 5 5 5 5", "7 11 13 19 52579", "12"}) {
    EXPECT_THAT(found, HasSubstr("\"payload\":\"" + std::string(line) + "\""));
  }
  EXPECT_EQ(Client(server.address()).queue("factors").stats().counters.put, 5U);
  EXPECT_THAT(run(server, "sluice peek numbers.dead"), HasSubstr("no number"));
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, Counters) {
  SluicedProcess server;
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(run(server, "counters $SLUICE_SERVER"), "500000 put, 500000 handed out, 500000 done\n");
  }
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, Limits) {
  SluicedProcess server({.config = source("limits/limits.yaml")});
  run(server, "seq 30 | sluice put orders --lines");
  EXPECT_THAT(run(server, "sluice limit show connections"), HasSubstr("3 at once, -; 3 in use"));
  run(server, "sluice join shop");
  EXPECT_EQ(Client(server.address()).queue("sent").stats().counters.put, 30U);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, StartBarrier) {
  SluicedProcess server({.config = source("start_barrier/start_barrier.yaml")});
  run(server, "seq 9 | sluice put shards --lines && sluice close shards");
  const std::string worker = "sluice work --stage solver/solve -- sh -c 'echo \"$(cat) solved\"' & ";
  EXPECT_THAT(
      run(server, worker + worker + "until sluice why solver | grep '2 of 3 are ready'; do :; done; " + worker + "wait"),
      HasSubstr("2 of 3 are ready"));
  run(server, "sluice join solver");
  EXPECT_EQ(Client(server.address()).queue("solved").stats().counters.put, 9U);
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, Schedules) {
  SluicedProcess server({.config = source("schedules/schedules.yaml")});
  const std::string schedules = run(server, "sluice schedule ls");
  EXPECT_THAT(schedules, HasSubstr("every 500ms"));
  EXPECT_THAT(schedules, HasSubstr("0 3 * * * Europe/Berlin"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(server, "sluice get reports --wait 30s --done"), "quick");
  EXPECT_EQ(server.stop(), 0);
}

TEST(Examples, Shutdown) {
  SluicedProcess server;
  EXPECT_EQ(run(server, std::string(SLUICE_EXAMPLES_SOURCES) + "/shutdown/run"),
            "2 items put into \"naps\"\n"
            "ended with 0\n"
            "300ms is done\n"
            "unfinished    1 (0 waiting, 0 delayed, 1 leased), 2 B\n");
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
  run(server, "sluice put words abc && sluice join game");
  std::string anagram = run(server, "sluice get anagrams --done");
  std::ranges::sort(anagram);
  EXPECT_EQ(anagram, "abc");
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

TEST(Examples, Progress) {
  SluicedProcess server({.config = source("progress/progress.yaml")});
  EXPECT_EQ(run(server, "sluice submit counting 3 --attr pause=0.01 --await"), "6\n");
  run(server, "sluice submit counting 100000 --attr pause=0.01 > job");
  EXPECT_THAT(run(server, "sluice await $(cat job) --progress 2>&1 | head -n 1"), HasSubstr("of 100000 (queue numbers)"));
  EXPECT_THAT(run(server, "sluice pipeline show counting"), HasSubstr("of 100000"));
  run(server, "sluice cancel numbers $(cat job)");
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
