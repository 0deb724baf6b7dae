// The server inside another program: native handlers, and a life without signals.
#include <memory>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "server/base/errors.h"
#include "server/server.h"
#include "sluice/v1/pipeline_service.grpc.pb.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<handlers::Handler> nothing() {
  return handlers::make_native("Does nothing", handlers::Runs::kInline,
                               [](const handlers::Input&) { return std::vector<handlers::Output>{}; });
}

config::Settings anywhere() {
  config::Settings settings;
  settings.listen = "127.0.0.1:0";
  settings.admin.listen = "127.0.0.1:0";
  settings.drain_timeout = 0s;
  return settings;
}

TEST(Embedded, ServesHandlersOfItsOwn) {
  Server server;
  server.add_handler("mine", nothing());
  ASSERT_TRUE(server.start(anywhere()).ok());

  const auto channel = grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials());
  const auto stub = v1::PipelineService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 60s);
  v1::ListHandlersResponse response;
  ASSERT_TRUE(stub->ListHandlers(&context, v1::ListHandlersRequest(), &response).ok());
  std::vector<std::string> names;
  for (const auto& handler : response.handlers()) names.push_back(handler.name());
  EXPECT_THAT(names, testing::IsSupersetOf({"mine", "builtin.identity"}));

  server.stop();
  server.stop();
}

TEST(Embedded, RefusesHandlersWithBadNames) {
  Server bad;
  bad.add_handler("no good", nothing()).add_handler("good", nothing());
  EXPECT_TRUE(base::is(bad.start(anywhere()), base::Reason::kInvalidName));
  Server taken;
  taken.add_handler("builtin.identity", nothing());
  EXPECT_TRUE(base::is(taken.start(anywhere()), base::Reason::kInvalidValue));
}

TEST(Embedded, SaysWhyItCannotStart) {
  auto settings = anywhere();
  settings.pipelines.push_back({.name = "p", .queues = {}, .stages = {{.name = "s", .input = "a", .handler = "mine"}}});
  Server first;
  first.add_handler("mine", nothing());
  ASSERT_TRUE(first.start(settings).ok());
  settings.listen = first.address();
  Server second;
  second.add_handler("mine", nothing());
  EXPECT_TRUE(base::is(second.start(settings), base::Reason::kCannotListen));
}

}  // namespace
}  // namespace sluice
