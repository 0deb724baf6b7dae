// Positive controls of the random pipelines: what is broken, on one side, must be found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/flow.h"

namespace sluice::sim {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kSteps = 30'000;

// A simulation that misunderstands one promise.
struct Misunderstood {
  FlowMistake mistake;
  const char* complaint;
};

class MistakenFlowTest : public ::testing::TestWithParam<Misunderstood> {};

TEST_P(MistakenFlowTest, IsFoundOut) {
  EXPECT_THAT(play(1, kSteps, {.mistake = GetParam().mistake}).failure, HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(Promises, MistakenFlowTest,
                         ::testing::Values(Misunderstood{FlowMistake::kLimitsHoldOneLess, " use limit "},
                                           Misunderstood{FlowMistake::kRatesAreHalf, "gives more than its rate"},
                                           Misunderstood{FlowMistake::kStartsNeedOneMore, "workers ready"},
                                           Misunderstood{FlowMistake::kRemoteWorkersHoldNothing, "and is listed with"},
                                           Misunderstood{FlowMistake::kCancelledJobsFail, " is in state "},
                                           Misunderstood{FlowMistake::kExpiredJobsFail, " is in state "},
                                           Misunderstood{FlowMistake::kPurgedJobsFail, " is in state "},
                                           Misunderstood{FlowMistake::kRedrivenItemsAreOfTheirJobs, "job"},
                                           Misunderstood{FlowMistake::kItemsLiveLonger, "expired"},
                                           Misunderstood{FlowMistake::kBatchesEndWithTheirFirstJob, "has not ended"}));

// An engine that says what is not so.
std::string complaint_about(const std::function<void(engine::Effects&)>& falsify) {
  return play(1, kSteps, {.falsify = falsify}).failure;
}

template <class Kind>
void lose_records(engine::Effects& effects) {
  std::erase_if(effects.records, [](const model::Record& record) { return std::holds_alternative<Kind>(record); });
}

template <class Kind>
void lose_answers(engine::Effects& effects) {
  std::erase_if(effects.answers, [](const auto& entry) { return std::holds_alternative<Kind>(entry.second); });
}

TEST(FalseFlowTest, AnOutcomeThatIsNotRecordedIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                std::erase_if(effects.records, [](const model::Record& record) {
                  const auto* job = std::get_if<model::JobRecord>(&record);
                  return job != nullptr && job->state != model::JobState::kRunning;
                });
              }),
              HasSubstr("is not recorded as it is"));
}

TEST(FalseFlowTest, AJobThatIsNotRecordedIsFoundOut) {
  EXPECT_THAT(complaint_about(lose_records<model::JobRecord>), HasSubstr("not recorded as it is"));
}

TEST(FalseFlowTest, AForgottenJobThatIsKeptIsFoundOut) {
  EXPECT_THAT(complaint_about(lose_records<model::JobErased>), HasSubstr("another number of jobs"));
}

TEST(FalseFlowTest, ABatchThatIsNotRecordedIsFoundOut) {
  EXPECT_THAT(complaint_about(lose_records<model::BatchRecord>), HasSubstr("another number of batches"));
}

TEST(FalseFlowTest, ACallbackThatIsLostIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                std::erase_if(effects.records, [](const model::Record& record) {
                  const auto* item = std::get_if<model::ItemRecord>(&record);
                  return item != nullptr && item->body && item->body->payload.starts_with("callback");
                });
              }),
              HasSubstr("the records hold another number of items"));
}

TEST(FalseFlowTest, AnOutcomeThatNobodyIsToldIsFoundOut) {
  EXPECT_THAT(complaint_about(lose_answers<engine::AwaitAnswer>), HasSubstr("an await was told of"));
}

TEST(FalseFlowTest, AnOutcomeThatIsToldTwiceIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                for (auto& [caller, answer] : effects.answers) {
                  auto* news = std::get_if<engine::AwaitAnswer>(&answer);
                  if (news != nullptr && !news->ended.empty()) news->ended.push_back(news->ended.front());
                }
              }),
              HasSubstr("an await was told of"));
}

TEST(FalseFlowTest, AHandOffOfWhichHalfIsRecordedIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                const bool completes = std::ranges::any_of(effects.answers, [](const auto& entry) {
                  return std::holds_alternative<engine::CompleteAnswer>(entry.second);
                });
                if (completes) lose_records<model::ItemErased>(effects);
              }),
              AnyOf(HasSubstr("the records hold another number of items"), HasSubstr("records:")));
}

TEST(FalseFlowTest, ALimitThatIsNotRecordedIsFoundOut) {
  EXPECT_THAT(complaint_about(lose_records<model::LimitRecord>), HasSubstr("is not recorded as it was set"));
}

TEST(FalseFlowTest, AJoinThatIsNotAnsweredIsFoundOut) {
  EXPECT_THAT(complaint_about(lose_answers<engine::JoinAnswer>), HasSubstr("and a join waits"));
}

}  // namespace
}  // namespace sluice::sim
