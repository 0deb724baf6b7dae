// `sluice bench` against the real server.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;

class Bench : public CommandTest {
 protected:
  void expect_all_jobs(std::vector<std::string> how) {
    how.insert(how.begin(), {"bench", "--jobs", "1000", "--producers", "2", "--consumers", "3"});
    const json result = run_json(how);
    EXPECT_EQ(result["jobs"], "1000") << result;
    EXPECT_GT(result["jobs_per_second"], 0.0);
    for (const char* times : {"put_seconds", "wait_seconds", "life_seconds"}) {
      EXPECT_GT(result[times]["p50"], 0.0) << times;
      EXPECT_LE(result[times]["p50"], result[times]["p99"]) << times;
      EXPECT_LE(result[times]["p99.9"], result[times]["max"]) << times;
    }
    EXPECT_LE(result["wait_seconds"]["max"], result["life_seconds"]["max"]);
    EXPECT_THAT(client_.list_queues(), IsEmpty()) << "its queue is gone, and it left no other";
  }

  std::string bench_queue() {
    for (const QueueInfo& queue : client_.list_queues("sluice-bench-")) return queue.name;
    return {};
  }
};

TEST_F(Bench, CarriesEachJobToItsEndOverStreams) { expect_all_jobs({"--batch", "30"}); }

TEST_F(Bench, CarriesEachJobToItsEndInSingleCalls) { expect_all_jobs({"--batch", "7", "--unary", "--size", "8"}); }

TEST_F(Bench, CarriesPayloadsOfAnySizeInMemory) {
  const json result = run_json({"bench", "--jobs", "3", "--size", "4194304", "--batch", "1", "--durability", "memory"});
  EXPECT_EQ(result["jobs"], "3");
}

TEST_F(Bench, PrintsATable) {
  const Ran ran = run({"bench", "--jobs", "10", "--batch", "5"});
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  EXPECT_THAT(ran.output,
              AllOf(HasSubstr("streamed, 1 producer, 1 consumer, 100 B, 5 jobs a message, durability sync\n10 jobs in "),
                    HasSubstr("P99.9"), HasSubstr("end is acknowledged")));
}

TEST_F(Bench, DeletesItsQueueWhenItIsInterrupted) {
  for (const bool unary : {false, true}) {
    std::vector<std::string> words = {"bench", "--seconds", "3600"};
    if (unary) words.emplace_back("--unary");
    const auto bench = start(words);
    std::string queue;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (queue.empty() && std::chrono::steady_clock::now() < deadline) queue = bench_queue();
    ASSERT_FALSE(queue.empty());
    ASSERT_TRUE(wait_until(queue, [](const QueueInfo& info) { return info.counters.done > 0; }));
    bench->signal(SIGINT);
    const Ran ran = bench->wait();
    EXPECT_EQ(ran.exit_code, kInterrupted) << ran.error;
    EXPECT_THAT(ran.output, HasSubstr(" jobs in ")) << "what was measured until then";
    EXPECT_EQ(bench_queue(), "");
  }
}

TEST_F(Bench, LeavesOtherQueuesAlone) {
  client_.create_queue("tasks");
  client_.queue("tasks").put("mine");
  EXPECT_EQ(run({"bench", "--jobs", "10"}).exit_code, kOk);
  EXPECT_EQ(client_.queue("tasks").stats().waiting, 1u);
}

TEST_F(Bench, SaysWhenItsQueueIsTakenAway) {
  const auto bench = start({"bench", "--seconds", "3600"});
  std::string queue;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (queue.empty() && std::chrono::steady_clock::now() < deadline) queue = bench_queue();
  ASSERT_FALSE(queue.empty());
  client_.queue(queue).remove(true);
  const Ran ran = bench->wait();
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_THAT(ran.error, HasSubstr("QUEUE_NOT_FOUND"));
}

TEST_F(Bench, RefusesWhatNoMessageCanHold) {
  const Ran ran = run({"bench", "--size", "4194304", "--batch", "9"});
  EXPECT_EQ(ran.exit_code, kUsage);
  EXPECT_THAT(ran.error, HasSubstr("32 MiB"));
  EXPECT_EQ(run({"bench", "--jobs", "1", "--seconds", "1"}).exit_code, kUsage);
}

}  // namespace
}  // namespace sluice::cli
