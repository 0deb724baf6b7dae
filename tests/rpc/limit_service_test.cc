// The calls on limits.
#include <vector>

#include "sluice/v1/limit_service.grpc.pb.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Limits = v1::LimitService::Stub;

class LimitServiceTest : public RpcTest {
 protected:
  template <class Request, class Response>
  grpc::Status call(grpc::Status (Limits::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                    Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return (limits_.get()->*method)(&context, request, &response);
  }

  grpc::Status create(const v1::LimitSpec& spec, v1::Limit* made = nullptr) {
    v1::CreateLimitRequest request;
    *request.mutable_limit() = spec;
    v1::CreateLimitResponse response;
    const auto status = call(&Limits::CreateLimit, request, response);
    if (made != nullptr) *made = response.limit();
    return status;
  }
  grpc::Status update(const v1::LimitSpec& spec, v1::Limit* updated = nullptr) {
    v1::UpdateLimitRequest request;
    *request.mutable_limit() = spec;
    v1::UpdateLimitResponse response;
    const auto status = call(&Limits::UpdateLimit, request, response);
    if (updated != nullptr) *updated = response.limit();
    return status;
  }
  v1::Limit look(const std::string& name) {
    v1::GetLimitRequest request;
    request.set_limit(name);
    v1::GetLimitResponse response;
    EXPECT_THAT(call(&Limits::GetLimit, request, response), IsOk());
    return response.limit();
  }
  grpc::Status list(std::uint32_t page_size, const std::string& token, v1::ListLimitsResponse& response) {
    v1::ListLimitsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    return call(&Limits::ListLimits, request, response);
  }
  grpc::Status remove(const std::string& name) {
    v1::DeleteLimitRequest request;
    request.set_limit(name);
    v1::DeleteLimitResponse response;
    return call(&Limits::DeleteLimit, request, response);
  }
  // A stage that names it, without workers.
  void create_stage(const std::string& limit) {
    v1::CreatePipelineRequest request;
    request.mutable_pipeline()->set_name("p");
    auto& stage = *request.mutable_pipeline()->add_stages();
    stage.set_name("s");
    stage.set_input("q");
    stage.add_limits(limit);
    v1::CreatePipelineResponse response;
    ASSERT_THAT(client_.call(&Client::Pipelines::CreatePipeline, request, response), IsOk());
  }

  static v1::LimitSpec spec(const std::string& name, std::optional<std::uint32_t> at_once,
                            std::optional<double> per_second = std::nullopt) {
    v1::LimitSpec made;
    made.set_name(name);
    if (at_once) made.set_max_at_once(*at_once);
    if (per_second) made.set_per_second(*per_second);
    return made;
  }
  static std::vector<std::string> names(const v1::ListLimitsResponse& response) {
    std::vector<std::string> found;
    for (const auto& limit : response.limits()) found.push_back(limit.spec().name());
    return found;
  }

  std::unique_ptr<Limits> limits_ = v1::LimitService::NewStub(client_.channel());
};

TEST_F(LimitServiceTest, WhatIsCreatedHasEveryField) {
  v1::Limit made;
  ASSERT_THAT(create(spec("db", 3), &made), IsOk());
  EXPECT_EQ(made.spec().max_at_once(), 3U);
  EXPECT_TRUE(made.spec().has_per_second());
  EXPECT_EQ(made.spec().per_second(), 0.0);
  EXPECT_EQ(made.spec().burst(), 1U);
  EXPECT_EQ(made.in_use(), 0U);
  EXPECT_THAT(made.stages(), IsEmpty());
  EXPECT_EQ(look("db").SerializeAsString(), made.SerializeAsString());
  EXPECT_THAT(create(spec("db", 4)), FailsWith(StatusCode::ALREADY_EXISTS, "LIMIT_EXISTS"));
}

TEST_F(LimitServiceTest, AnUpdateChangesWhatItHasAndNothingElse) {
  ASSERT_THAT(create(spec("db", 3, 2.5)), IsOk());
  v1::LimitSpec change = spec("db", std::nullopt);
  change.set_burst(7);
  v1::Limit updated;
  ASSERT_THAT(update(change, &updated), IsOk());
  EXPECT_EQ(updated.spec().max_at_once(), 3U);
  EXPECT_EQ(updated.spec().per_second(), 2.5);
  EXPECT_EQ(updated.spec().burst(), 7U);
  ASSERT_THAT(update(spec("db", 0), &updated), IsOk()) << "the rate is left";
  EXPECT_EQ(updated.spec().max_at_once(), 0U);
  EXPECT_THAT(update(spec("db", std::nullopt, 0.0)), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"))
      << "nothing would be left";
  EXPECT_EQ(look("db").spec().per_second(), 2.5);
  EXPECT_EQ(look("db").spec().burst(), 7U);
}

TEST_F(LimitServiceTest, AListComesInPagesInOrderOfTheNames) {
  for (const char* name : {"c", "a", "d", "b"}) ASSERT_THAT(create(spec(name, 1)), IsOk());
  v1::ListLimitsResponse page;
  ASSERT_THAT(list(3, "", page), IsOk());
  EXPECT_THAT(names(page), ElementsAre("a", "b", "c"));
  ASSERT_NE(page.next_page_token(), "");
  const std::string token = page.next_page_token();
  ASSERT_THAT(list(3, token, page), IsOk());
  EXPECT_THAT(names(page), ElementsAre("d"));
  EXPECT_EQ(page.next_page_token(), "");
  ASSERT_THAT(list(0, "", page), IsOk()) << "the default";
  EXPECT_THAT(page.limits(), SizeIs(4));
  EXPECT_THAT(list(1'001, "", page), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

TEST_F(LimitServiceTest, OneThatAStageNamesSaysSoAndStays) {
  ASSERT_THAT(create(spec("db", 1)), IsOk());
  create_stage("db");
  const v1::Limit used = look("db");
  ASSERT_THAT(used.stages(), SizeIs(1));
  EXPECT_EQ(used.stages(0).pipeline(), "p");
  EXPECT_EQ(used.stages(0).stage(), "s");
  EXPECT_THAT(remove("db"), FailsWith(StatusCode::FAILED_PRECONDITION, "LIMIT_IN_USE"));
  v1::DeletePipelineRequest request;
  request.set_pipeline("p");
  v1::DeletePipelineResponse response;
  ASSERT_THAT(client_.call(&Client::Pipelines::DeletePipeline, request, response), IsOk());
  EXPECT_THAT(remove("db"), IsOk());
  EXPECT_THAT(remove("db"), FailsWith(StatusCode::NOT_FOUND, "LIMIT_NOT_FOUND"));
}

TEST_F(LimitServiceTest, WhatIsNotThereOrNoLimitIsRefused) {
  v1::GetLimitResponse response;
  v1::GetLimitRequest request;
  request.set_limit("db");
  EXPECT_THAT(call(&Limits::GetLimit, request, response), FailsWith(StatusCode::NOT_FOUND, "LIMIT_NOT_FOUND"));
  request.set_limit("no name!");
  EXPECT_THAT(call(&Limits::GetLimit, request, response), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));
  EXPECT_THAT(update(spec("db", 1)), FailsWith(StatusCode::NOT_FOUND, "LIMIT_NOT_FOUND"));
  EXPECT_THAT(create(spec("db", std::nullopt)), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE")) << "without a bound";
  EXPECT_THAT(create(spec("db", 1'000'001)), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  EXPECT_THAT(create(spec("db", 1, -1.0)), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

}  // namespace
}  // namespace sluice::rpc
