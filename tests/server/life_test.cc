// sluiced from its start to its end.
#include <csignal>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/support/sluiced_process.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::SluicedProcess;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// One call with a deadline.
template <class Stub, class Request, class Response>
grpc::Status call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + support::kPatience);
  return (stub.*method)(&context, request, &response);
}

class Stubs {
 public:
  explicit Stubs(const SluicedProcess& sluiced)
      : channel_(grpc::CreateChannel(sluiced.address(), grpc::InsecureChannelCredentials())),
        queues_(v1::QueueService::NewStub(channel_)),
        pipelines_(v1::PipelineService::NewStub(channel_)) {}

  v1::Queue queue(const std::string& name) {
    v1::GetQueueRequest request;
    request.set_queue(name);
    v1::GetQueueResponse response;
    const auto status = call(*queues_, &v1::QueueService::Stub::GetQueue, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.queue();
  }

  v1::Pipeline pipeline(const std::string& name) {
    v1::GetPipelineRequest request;
    request.set_pipeline(name);
    v1::GetPipelineResponse response;
    const auto status = call(*pipelines_, &v1::PipelineService::Stub::GetPipeline, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.pipeline();
  }

  void put(const std::string& queue, const std::string& payload) {
    v1::PutRequest request;
    request.set_queue(queue);
    request.add_items()->set_payload(payload);
    v1::PutResponse response;
    const auto status = call(*queues_, &v1::QueueService::Stub::Put, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::QueueService::Stub> queues_;
  std::unique_ptr<v1::PipelineService::Stub> pipelines_;
};

TEST(Life, SaysWhereItListensAndThatItIsReady) {
  SluicedProcess sluiced;
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_THAT(sluiced.standard_output(),
              MatchesRegex("listening grpc 127.0.0.1:[0-9]+\nlistening admin 127.0.0.1:[0-9]+\nready\n"));
  EXPECT_THAT(sluiced.standard_error(), HasSubstr(R"("message":"serving")"));
  EXPECT_THAT(sluiced.standard_error(), HasSubstr(R"("message":"stopped")"));
}

TEST(Life, EndsInOrderForEitherSignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    SluicedProcess sluiced;
    sluiced.signal(signal);
    EXPECT_EQ(sluiced.wait(), 0);
  }
}

TEST(Life, HasWhatItsConfigurationNames) {
  SluicedProcess sluiced({.config = "queues:\n  - {name: urgent, settings: {capacity: 7, order: priority}}\n"
                                    "pipelines:\n  - name: p\n    stages:\n"
                                    "      - {input: in, output: out, handler: builtin.upper, workers: 2}\n"});
  Stubs stubs(sluiced);
  EXPECT_EQ(stubs.queue("urgent").settings().capacity(), 7U);
  EXPECT_EQ(stubs.queue("urgent").settings().order(), v1::QUEUE_ORDER_PRIORITY);
  EXPECT_EQ(stubs.pipeline("p").stages(0).spec().workers(), 2U);
  EXPECT_EQ(sluiced.stop(), 0);
}

TEST(Life, LogsTextWhenAskedTo) {
  SluicedProcess sluiced({.flags = {"--log-format", "text"}});
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_THAT(sluiced.standard_error(), HasSubstr("info  serving  address=127.0.0.1:"));
}

TEST(Life, IsSilentWhenAskedTo) {
  SluicedProcess sluiced({.environment = {{"SLUICE_LOG_LEVEL", "error"}}});
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_EQ(sluiced.standard_error(), "");
}

TEST(Life, DoesNotStartOnATakenPort) {
  SluicedProcess first;
  const auto second = support::run_sluiced({"--listen", first.address()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.error, HasSubstr("cannot start"));
  EXPECT_THAT(second.error, HasSubstr(first.address()));
  std::istringstream lines(second.error);
  for (std::string line; std::getline(lines, line);) EXPECT_THAT(line, testing::StartsWith("{\"time\":"));
  EXPECT_THAT(second.output, Not(HasSubstr("ready")));
  EXPECT_EQ(first.stop(), 0);
}

TEST(Life, ComesBackOnItsPort) {
  SluicedProcess sluiced;
  const std::string address = sluiced.address();
  sluiced.kill9();
  sluiced.restart("queues: [{name: later}]");
  EXPECT_EQ(sluiced.address(), address);
  EXPECT_EQ(Stubs(sluiced).queue("later").name(), "later");
}

constexpr const char* kBusy = "pipelines: [{name: p, stages: [{input: in, output: out, handler: builtin.sleep}]}]\n";

void wait_until_busy(Stubs& stubs) {
  const auto deadline = std::chrono::steady_clock::now() + support::kPatience;
  while (stubs.pipeline("p").stages(0).busy_workers() == 0) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

// Puts an item that takes very long and waits until a worker has it.
void make_busy(Stubs& stubs) {
  stubs.put("in", "1h");
  wait_until_busy(stubs);
}

TEST(Life, GivesWorkBackThatDoesNotEndInTime) {
  SluicedProcess sluiced({.config = kBusy, .flags = {"--drain-timeout", "10ms"}});
  Stubs stubs(sluiced);
  make_busy(stubs);
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_THAT(sluiced.standard_error(), HasSubstr("goes back to its queues"));
}

TEST(Life, EndsAtOnceForASecondSignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    SluicedProcess sluiced({.config = kBusy, .flags = {"--drain-timeout", "1h"}});
    Stubs stubs(sluiced);
    make_busy(stubs);
    sluiced.signal(SIGTERM);
    ASSERT_TRUE(sluiced.wait_for_error("stopping"));
    EXPECT_TRUE(sluiced.running());
    sluiced.signal(signal);
    EXPECT_EQ(sluiced.wait(), 128 + signal);
    EXPECT_THAT(sluiced.standard_error(), HasSubstr("second signal"));
  }
}

TEST(Life, SaysThatItEndsWhileItDrains) {
  SluicedProcess sluiced({.config = kBusy, .flags = {"--drain-timeout", "1h"}});
  Stubs stubs(sluiced);
  make_busy(stubs);
  const auto health =
      grpc::health::v1::Health::NewStub(grpc::CreateChannel(sluiced.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + support::kPatience);
  const auto watch = health->Watch(&context, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  sluiced.signal(SIGTERM);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(sluiced.running());
}

TEST(Life, LetsRunningWorkFinish) {
  SluicedProcess sluiced({.config = kBusy, .flags = {"--drain-timeout", "1h"}});
  Stubs stubs(sluiced);
  stubs.put("in", "300ms");
  wait_until_busy(stubs);
  EXPECT_EQ(sluiced.stop(), 0);
  EXPECT_THAT(sluiced.standard_error(), Not(HasSubstr("goes back to its queues")));
}

TEST(Life, ReportsSlowReactionsWhenAskedTo) {
  SluicedProcess sluiced({.config = "pipelines: [{name: p, stages: [{input: in, handler: builtin.spin}]}]\n",
                          .flags = {"--debug-slow-reactions", "50ms"}});
  Stubs(sluiced).put("in", "100ms");
  EXPECT_TRUE(sluiced.wait_for_error("held its thread for too long"));
  EXPECT_EQ(sluiced.stop(), 0);
}

}  // namespace
}  // namespace sluice
