// A disk that fills up, and one that fails, under a whole server.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <functional>
#include <span>

#include "grpc/health/v1/health.grpc.pb.h"
#include "sluice/sluice.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/support/deadline.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;
using support::SluicedProcess;
using testing::HasSubstr;

// The reason of the error that `call` throws; empty if it throws none.
template <class Call>
std::string reason_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.reason();
  }
  return {};
}

Client patient_with_nothing(const SluicedProcess& server) {
  return Client(server.address(), {.connect_timeout = 0s, .reconnect_timeout = 0s});
}

// Puts until the server refuses, and returns how many it took; not more than `limit`.
std::size_t fill(const Queue& queue, std::size_t limit, std::string& reason) {
  std::size_t count = 0;
  reason.clear();
  while (reason.empty() && count < limit) {
    reason = reason_of([&] { queue.put(std::string(100'000, 'x')); });
    count += reason.empty() ? 1 : 0;
  }
  return count;
}

TEST(FullStore, RefusesPutsServesConsumersAndRecovers) {
  const test::TempDir data;
  SluicedProcess server({.flags = {"--data", data.path().string(), "--data-max-bytes", std::to_string(16 << 20)}});
  const Client client = patient_with_nothing(server);
  const Queue tasks = client.create_queue("tasks", {.capacity = 0});
  const Queue results = client.create_queue("results", {.capacity = 0});
  std::string reason;
  const std::size_t taken = fill(tasks, 1'000, reason);
  EXPECT_EQ(reason, "STORAGE_FULL");
  EXPECT_GT(taken, 20U);

  server.kill9();
  server.restart();
  EXPECT_TRUE(support::eventually([&] { return reason_of([&] { (void)tasks.stats(); }).empty(); }));
  EXPECT_EQ(reason_of([&] { tasks.put(std::string(100'000, 'x')); }), "STORAGE_FULL") << "it stays full over a restart";
  for (std::size_t i = 0; i < taken; ++i) {
    auto item = tasks.get({.max_wait = 10s});
    ASSERT_TRUE(item) << i;
    item->done("results", {.payload = "small"});
  }
  EXPECT_EQ(tasks.stats().unfinished, 0U);
  EXPECT_TRUE(support::eventually([&] { return reason_of([&] { tasks.put("again"); }).empty(); }));
  EXPECT_EQ(results.stats().waiting, taken);
  EXPECT_EQ(server.stop(), 0);
}

class BadDisk : public testing::Test {
 protected:
  [[nodiscard]] SluicedProcess::Options options(const std::string& program) const {
    return {.program = program, .environment = {{"SLUICE_DATA", data_.path().string()}, {"SLUICE_DATA_MAX_BYTES", "67108864"}}};
  }

  test::TempDir data_;
};

TEST_F(BadDisk, AFullDiskRefusesPutsAndServesConsumers) {
  SluicedProcess server(options(BAD_DISK_SERVER_BINARY));
  const Client client = patient_with_nothing(server);
  const Queue tasks = client.create_queue("tasks", {.capacity = 0});
  for (int i = 0; i < 10; ++i) tasks.put("first");
  server.signal(SIGUSR2);
  std::string reason;
  // The server notices when it sets the next blocks aside, which is long before the present ones are used up.
  const std::size_t taken = fill(tasks, 600, reason);
  EXPECT_EQ(reason, "STORAGE_FULL");
  for (std::size_t i = 0; i < 10 + taken; ++i) {
    auto item = tasks.get({.max_wait = 10s});
    ASSERT_TRUE(item) << i;
    item->done();
  }
  EXPECT_TRUE(support::eventually([&] { return reason_of([&] { tasks.put("again"); }).empty(); }))
      << "what the drained items took can be used again";
  const std::size_t inside = fill(tasks, 600, reason);
  EXPECT_EQ(reason, "STORAGE_FULL") << "but no more than that";
  EXPECT_GT(inside, taken / 4);
  server.signal(SIGUSR2);
  EXPECT_TRUE(support::eventually([&] { return reason_of([&] { tasks.put("again"); }).empty(); }))
      << "there is room on the disk again, although nobody has written anything since";
  EXPECT_EQ(server.stop(), 0);
}

// What the health service says, one after the other, until it ends.
std::vector<int> watch_health(const std::string& address, const std::function<void()>& once_serving) {
  const auto stub = grpc::health::v1::Health::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + support::kPatience);
  const auto reader = stub->Watch(&context, grpc::health::v1::HealthCheckRequest());
  std::vector<int> seen;
  for (grpc::health::v1::HealthCheckResponse response; reader->Read(&response);) {
    seen.push_back(response.status());
    if (seen.size() == 1) once_serving();
  }
  (void)reader->Finish();
  return seen;
}

TEST_F(BadDisk, AFailedSyncEndsTheServerAndLosesNothingAcknowledged) {
  std::uint64_t acknowledged = 0;
  std::uint64_t attempted = 0;
  {
    SluicedProcess server(options(BAD_DISK_SERVER_BINARY));
    const Queue tasks = patient_with_nothing(server).create_queue("tasks", {.capacity = 0});
    const auto seen = watch_health(server.address(), [&] {
      for (; acknowledged < 20; ++acknowledged, ++attempted) tasks.put(std::to_string(attempted));
      server.signal(SIGUSR1);
      // Some may still be acknowledged, until the order has arrived; after the first failure none.
      std::string reason;
      for (; reason.empty(); ++attempted) {
        reason = reason_of([&] { tasks.put(std::to_string(attempted)); });
        acknowledged += reason.empty() ? 1 : 0;
      }
      EXPECT_EQ(reason, "STORE_FAILED");
      for (int i = 0; i < 5; ++i, ++attempted) EXPECT_NE(reason_of([&] { tasks.put(std::to_string(attempted)); }), "");
    });
    using grpc::health::v1::HealthCheckResponse;
    ASSERT_GE(seen.size(), 2U);
    EXPECT_EQ(seen.front(), HealthCheckResponse::SERVING);
    EXPECT_THAT(std::span(seen).subspan(1), testing::Each(int{HealthCheckResponse::NOT_SERVING}));
    EXPECT_EQ(server.wait(), 1);
    EXPECT_THAT(server.standard_error(), HasSubstr("stopped, because the store failed"));
    EXPECT_THAT(server.standard_error(), HasSubstr("data.mdb: cannot commit: Input/output error"));
  }
  // On a good disk again: what was acknowledged is there, in order, and of the rest at most what was under way.
  SluicedProcess server(options({}));
  const Queue tasks = Client(server.address()).queue("tasks");
  const auto left = tasks.peek({.max_items = 1'000});
  ASSERT_GE(left.size(), acknowledged);
  EXPECT_LE(left.size(), attempted);
  for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i].payload, std::to_string(i));
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace sluice::crash
