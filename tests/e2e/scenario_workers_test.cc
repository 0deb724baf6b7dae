// Remote workers: on other machines, as far as the server can tell.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <latch>
#include <memory>
#include <thread>

#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "tests/e2e/raw.h"
#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

class WorkersScenario : public Scenario {
 protected:
  // in -> upper -> middle -> (remote) -> last -> identity -> out
  static PipelineSpec three_stages() {
    return {.name = "letters",
            .queues = {{"middle", {.capacity = 10, .retry = {.max_attempts = 100, .initial_backoff = 1ms}}}},
            .stages = {{.input = "in", .output = "middle", .handler = "builtin.upper"},
                       {.name = "sign", .input = "middle", .output = "last"},
                       {.input = "last", .output = "out", .handler = "builtin.identity"}}};
  }

  static std::string sign(const StageItem& item) { return item.payload + "!"; }

  // A worker that runs until the end of its stage or a stop.
  auto start_worker(std::stop_token stop = {}, std::size_t concurrency = 1) {
    return meanwhile([pipeline = Client(server->address()).pipeline("letters"), stop, concurrency] {
      return work(pipeline, "sign", sign, {.concurrency = concurrency, .stop = stop});
    });
  }

  [[nodiscard]] std::string work_command(const std::string& name, const std::string& command) const {
    return "exec " + std::string(SLUICE_BINARY) + " --server " + server->address() + " work --stage letters/sign --name " +
           name + " -- " + command;
  }

  // Of the worker that is called so; waits until it is there and holds an item.
  static void wait_for_holder(const Client& client, const std::string& name) {
    EXPECT_TRUE(eventually([&] {
      return std::ranges::any_of(client.workers("letters"),
                                 [&](const WorkerInfo& each) { return each.name == name && each.in_flight == 1; });
    })) << name;
  }

  static pid_t pid_in(const std::string& file) {
    pid_t pid = 0;
    EXPECT_TRUE(eventually([&] { return static_cast<bool>(std::ifstream(file) >> pid); }));
    return pid;
  }
};

TEST_F(WorkersScenario, AMiddleStageIsDoneElsewhereAndTheEndGoesThroughIt) {
  start();
  const Pipeline pipeline = connect().create_pipeline(three_stages());
  auto one = start_worker({}, 2);
  auto two = start_worker();
  pipeline.queue("in").put_all({"a", "b", "c", "d", "e"});
  pipeline.close();
  pipeline.join({.max_wait = kPatience});
  ASSERT_TRUE(ends(one) && ends(two));
  EXPECT_EQ(one.get().done + two.get().done, 5U);
  EXPECT_THAT(drain(pipeline.queue("out")), UnorderedElementsAreArray({"A!", "B!", "C!", "D!", "E!"}));
  EXPECT_TRUE(pipeline.stats().finished);
  EXPECT_TRUE(pipeline.queue("out").stats().closed);
  EXPECT_THAT(connect().workers(), IsEmpty());
}

TEST_F(WorkersScenario, WhatAFunctionThrowsFailsTheAttemptAndStopsNothing) {
  start();
  const Pipeline pipeline = connect().create_pipeline(three_stages());
  pipeline.queue("in").put_all({"good", "bad", "worse"});
  pipeline.close();
  std::atomic<int> bad = 0;
  const WorkResult result = work(pipeline, "sign", [&bad](const StageItem& item) {
    if (item.payload == "BAD" && ++bad == 1) throw std::runtime_error("not yet");
    if (item.payload == "WORSE") throw PermanentFailure("never");
    return item.payload;
  });
  EXPECT_EQ(result.done, 2U);
  EXPECT_EQ(result.failed, 2U);
  const Failure failure = only_failure(connect().queue("middle.dead"));
  EXPECT_EQ(failure.message, "never");
  EXPECT_EQ(failure.stage, "sign");
}

TEST_F(WorkersScenario, AWorkerThatIsKilledGivesItsItemsBackAtOnce) {
  start();
  const Client client = connect();
  const Pipeline pipeline = client.create_pipeline(three_stages());
  const std::string file = server->directory() / "pid";
  // The command ends with the worker.
  const support::ShellCommand doomed("echo $$ > " + file + ".new; mv " + file + ".new " + file + "; " +
                                     work_command("doomed", "sh -c 'while kill -0 $PPID; do sleep 0.1; done'"));
  pipeline.queue("in").put("a");
  wait_for_holder(client, "doomed");
  // Attached before the kill, so that its attaching is no part of what is measured.
  std::stop_source stop;
  std::promise<StageItem> seen;
  auto other = meanwhile([&] {
    return work(pipeline, "sign",
                [&](const StageItem& item) {
                  seen.set_value(item);
                  return sign(item);
                },
                {.stop = stop.get_token()});
  });
  ASSERT_TRUE(eventually([&] { return client.workers("letters").size() == 2; }));
  const pid_t pid = pid_in(file);
  auto item = seen.get_future();
  const auto killed = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ASSERT_EQ(item.wait_for(kPatience), std::future_status::ready);
  const auto took = std::chrono::steady_clock::now() - killed;
  EXPECT_LT(took, 1s * kSlowness);
  const StageItem again = item.get();
  EXPECT_EQ(again.attempt, 2U);
  ASSERT_TRUE(again.last_failure);
  EXPECT_EQ(again.last_failure->reason, "CONSUMER_LOST");
  pipeline.join({.max_wait = kPatience});
  stop.request_stop();
  EXPECT_EQ(other.get().done, 1U);
}

TEST_F(WorkersScenario, AConsumerThatIsKilledGivesItsItemsBackAtOnce) {
  start();
  const Client client = connect();
  // Nobody could wait for the end of its leases.
  const Queue tasks = client.create_queue("tasks", {.lease_duration = 1h});
  const std::string file = server->directory() / "pid";
  const support::ShellCommand doomed("echo $$ > " + file + ".new; mv " + file + ".new " + file + "; exec " +
                                     std::string(SLUICE_BINARY) + " --server " + server->address() +
                                     " work tasks -- sh -c 'while kill -0 $PPID; do sleep 0.1; done'");
  tasks.put("a");
  ASSERT_TRUE(eventually([&] { return tasks.stats().leased == 1; }));
  ASSERT_EQ(::kill(pid_in(file), SIGKILL), 0);
  for (auto& item : tasks) {
    EXPECT_EQ(item.attempt(), 2U);
    ASSERT_TRUE(item.last_failure());
    EXPECT_EQ(item.last_failure()->reason, "CONSUMER_LOST");
    tasks.close();
  }
  EXPECT_EQ(tasks.stats().counters.done, 1U);
}

TEST_F(WorkersScenario, AWorkerThatHangsLosesItsItemsAndIsFenced) {
  start({}, {"--keepalive", "1s"});
  const Client client = connect();
  const Pipeline pipeline = client.create_pipeline(three_stages());
  const Queue gate = client.create_queue("gate");
  const std::string file = server->directory() / "pid";
  support::ShellCommand stale("echo $$ > " + file + ".new; mv " + file + ".new " + file + "; " +
                              work_command("stale", "sh -c '" + std::string(SLUICE_BINARY) + " --server " + server->address() +
                                                        " get gate --done > /dev/null; echo stale'"));
  pipeline.queue("in").put("a");
  wait_for_holder(client, "stale");
  const pid_t pid = pid_in(file);
  // Several times the silence after which it is asked whether it lives: it is asked for as long as it is there. The wait is the
  // window.
  EXPECT_FALSE(client.create_queue("nothing").get({.max_wait = 4s}));
  EXPECT_THAT(client.workers("letters"), SizeIs(1));
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  // The silence ends its lease, and nothing else: its host still holds the connection.
  ASSERT_TRUE(eventually([&] { return client.workers("letters").empty(); }));
  auto other = start_worker();
  ASSERT_EQ(pipeline.queue("out").get({.max_wait = kPatience})->payload(), "A!");
  gate.put("open");
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  EXPECT_TRUE(stale.wait_for("LEASE_LOST")) << stale.output();
  pipeline.close();
  EXPECT_EQ(stale.wait(), 0) << stale.output();
  EXPECT_THAT(stale.output(), HasSubstr("0 done, 0 failed, 1 lost"));
  EXPECT_EQ(other.get().done, 1U);
  EXPECT_EQ(pipeline.queue("middle").stats().counters.done, 1U);
}

TEST_F(WorkersScenario, BothKindsWorkAtOneStage) {
  start();
  const Pipeline pipeline = connect().create_pipeline(
      {.name = "both", .stages = {{.name = "s", .input = "in", .output = "out", .handler = "builtin.upper", .workers = 0}}});
  std::latch taken(1);
  std::latch open(1);
  auto remote = meanwhile([&] {
    return work(pipeline, "s", [&](const StageItem& item) {
      taken.count_down();
      open.wait();
      return item.payload + " from afar";
    });
  });
  pipeline.queue("in").put("first");
  taken.wait();
  pipeline.queue("in").put("second");
  pipeline.scale("s", 1);
  EXPECT_EQ(pipeline.queue("out").get({.max_wait = kPatience})->payload(), "SECOND");
  const StageInfo stage = pipeline.stages().at(0);
  EXPECT_EQ(stage.workers, 1U);
  EXPECT_EQ(stage.remote_workers, 1U);
  EXPECT_EQ(stage.remote_items, 1U);
  pipeline.close();
  EXPECT_FALSE(pipeline.stats().finished) << "the remote one still holds an item";
  open.count_down();
  EXPECT_EQ(remote.get().done, 1U);
  pipeline.join({.max_wait = kPatience});
  EXPECT_EQ(pipeline.queue("out").get({.max_wait = kPatience})->payload(), "first from afar");
}

TEST_F(WorkersScenario, APauseHoldsThemAndItsAbsenceIsSaid) {
  start();
  const Client client = connect();
  const Pipeline pipeline = client.create_pipeline(three_stages());
  pipeline.queue("in").put("a");
  ASSERT_TRUE(eventually([&] { return pipeline.stats().stalls.size() == 1; }));
  EXPECT_EQ(pipeline.stats().stalls.front().reason, "NO_WORKER");
  pipeline.pause("sign");
  std::stop_source stop;
  auto worker = start_worker(stop.get_token());
  ASSERT_TRUE(eventually([&] { return client.workers("letters").size() == 1; }));
  EXPECT_EQ(pipeline.stats().stalls.front().reason, "STAGE_PAUSED");
  EXPECT_EQ(pipeline.queue("middle").stats().waiting, 1U);
  pipeline.resume("sign");
  EXPECT_EQ(pipeline.queue("out").get({.max_wait = kPatience})->payload(), "A!");
  stop.request_stop();
  ASSERT_TRUE(ends(worker));
  EXPECT_EQ(worker.get().done, 1U);
}

TEST_F(WorkersScenario, TheyComeBackAfterTheServer) {
  start({}, {"--data", "store"});
  const Pipeline pipeline = connect().create_pipeline(three_stages());
  constexpr std::size_t kItems = 200;
  pipeline.queue("in").put_all(numbers(kItems));
  std::atomic<std::size_t> made = 0;
  auto worker = meanwhile([&] {
    return work(Client(server->address()).pipeline("letters"), "sign", [&made](const StageItem& item) {
      ++made;
      return sign(item);
    });
  });
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(eventually([&] { return made >= 30U * static_cast<unsigned>(round); }));
    server->restart();
  }
  const Pipeline again = connect().pipeline("letters");
  again.close();
  again.join({.max_wait = kPatience});
  ASSERT_TRUE(ends(worker));
  EXPECT_GE(worker.get().done, 1U);
  auto results = drain(again.queue("out"));
  std::ranges::sort(results);
  const auto repeated = std::ranges::unique(results);
  results.erase(repeated.begin(), repeated.end());
  EXPECT_THAT(results, SizeIs(kItems));
}

// A worker by hand, many of which fit into one thread.
struct RawWorker {
  explicit RawWorker(v1::PipelineService::Stub& stub) : stream(stub.Work(&context)) {
    v1::WorkRequest first;
    first.set_pipeline("letters");
    first.set_stage("sign");
    stream->Write(first);
  }
  v1::WorkResponse read() {
    v1::WorkResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response;
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>> stream;
};

TEST_F(WorkersScenario, AThousandAtOnce) {
  constexpr std::size_t kWorkers = 1'000 / kSlowness;
  start();
  const Client client = connect();
  PipelineSpec spec = three_stages();
  spec.queues.front().settings.capacity = kWorkers;
  const Pipeline pipeline = client.create_pipeline(spec);
  const auto stub = v1::PipelineService::NewStub(open_channel(server->address()));
  std::vector<std::unique_ptr<RawWorker>> workers;
  for (std::size_t i = 0; i < kWorkers; ++i) workers.push_back(std::make_unique<RawWorker>(*stub));
  for (auto& worker : workers) ASSERT_TRUE(worker->read().has_attached());
  EXPECT_THAT(client.workers("letters"), SizeIs(kWorkers));
  EXPECT_EQ(pipeline.stages().at(1).remote_workers, kWorkers);

  pipeline.queue("in").put_all(numbers(kWorkers), {.max_wait = kPatience});
  for (auto& worker : workers) {
    const auto response = worker->read();
    ASSERT_EQ(response.items_size(), 1) << "each gets one";
    v1::WorkRequest request;
    v1::StageResult& result = *request.add_results();
    result.set_lease_token(response.items(0).lease_token());
    result.add_outputs()->set_payload(response.items(0).payload());
    worker->stream->Write(request);
  }
  pipeline.close();
  pipeline.join({.max_wait = kPatience});
  for (auto& worker : workers) {
    while (!worker->read().end_of_work()) {
    }
    worker->stream->WritesDone();
    EXPECT_TRUE(worker->stream->Finish().ok());
  }
  EXPECT_EQ(pipeline.queue("out").stats().waiting, kWorkers);
  EXPECT_THAT(client.workers(), IsEmpty());
}

}  // namespace
}  // namespace sluice::e2e
