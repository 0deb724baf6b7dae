// Positive controls: a test that never fails proves nothing. Each promise is broken once, on one side, and must be found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/base/errors.h"
#include "tests/sim/driver.h"

namespace sluice::sim {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kCommands = 100'000;

// A reference that misunderstands one promise.
class MistakenReferenceTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(MistakenReferenceTest, IsFoundOut) {
  EXPECT_THAT(simulate(1, kCommands, {.mistake = GetParam()}).failure, HasSubstr("replay: sim --seed 1"));
}

INSTANTIATE_TEST_SUITE_P(
    Promises, MistakenReferenceTest,
    ::testing::Values(Mistake::kAdmitsOneTooMany, Mistake::kLetsPutsOvertake, Mistake::kServesTheLatestGet,
                      Mistake::kForgetsRequests, Mistake::kTakesOldTokens, Mistake::kJoinIgnoresWhatIsHeld,
                      Mistake::kEndsBeforeTheLastReturn, Mistake::kReleaseCountsAsAttempt,
                      Mistake::kLeaseRunsOutWhileCompleting, Mistake::kKeepsWithdrawnPuts, Mistake::kShrinkRefusesNobody,
                      Mistake::kRestartForgetsAttempts, Mistake::kRestartForgetsDelays, Mistake::kRestartKeepsWaiters,
                      Mistake::kPutsOneByOneAllOrNone, Mistake::kGetsTooManyBytes, Mistake::kFinishStopsAtALostLease,
                      Mistake::kLostItemsLieTurnedOver, Mistake::kPutsTwins, Mistake::kForgetsOrderKeys,
                      Mistake::kExpiresWhatIsHeld, Mistake::kRestartForgetsKeys, Mistake::kRedrivesIntoFullQueues,
                      Mistake::kCancelLeavesWhatIsHeld, Mistake::kMakesUpForEveryTick, Mistake::kTicksPileUp,
                      Mistake::kRestartForgetsTicks, Mistake::kTicksTwiceWhereTheClockGoesBack,
                      Mistake::kNoTicksWhereTheClockGoesForward, Mistake::kRestartKeepsWhatIsInMemory));

// An engine that says what is not so, once in a while.
using Falsify = std::function<void(engine::Effects&)>;

template <class Kind>
std::vector<std::pair<engine::Caller*, Kind*>> answers_of(engine::Effects& effects) {
  std::vector<std::pair<engine::Caller*, Kind*>> found;
  for (auto& [caller, answer] : effects.answers) {
    if (auto* kind = std::get_if<Kind>(&answer); kind != nullptr && kind->status.ok()) found.emplace_back(caller, kind);
  }
  return found;
}

std::string complaint_about(const Falsify& falsify) { return simulate(1, kCommands, {.falsify = falsify}).failure; }

TEST(FalseAnswersTest, ALostRecordIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                // Without a body: of an item that was recorded before.
                std::erase_if(effects.records, [](const model::Record& record) {
                  const auto* item = std::get_if<model::ItemRecord>(&record);
                  return item != nullptr && item->body == nullptr;
                });
              }),
              HasSubstr("is recorded"));
}

TEST(FalseAnswersTest, ALostErasureIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                std::erase_if(effects.records,
                              [](const model::Record& record) { return std::holds_alternative<model::ItemErased>(record); });
              }),
              HasSubstr("number of item records"));
}

TEST(FalseAnswersTest, AForgottenRequestIsFoundOutAfterARestart) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                std::erase_if(effects.records,
                              [](const model::Record& record) { return std::holds_alternative<model::RequestRecord>(record); });
              }),
              HasSubstr("replay"));
}

TEST(FalseAnswersTest, ALostAnswerIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) { effects.answers.clear(); }), HasSubstr("no answer; must be"));
}

TEST(FalseAnswersTest, ASecondAnswerIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                if (effects.answers.size() < 2 || !engine::is_final(effects.answers.back().second)) return;
                effects.answers.push_back(effects.answers.back());
              }),
              HasSubstr("is answered after the end of its question"));
}

TEST(FalseAnswersTest, AGetThatOvertakesIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                std::vector<std::pair<engine::Caller*, engine::Answer>*> served;
                for (auto& entry : effects.answers) {
                  const auto* got = std::get_if<engine::GetAnswer>(&entry.second);
                  if (got != nullptr && !got->items.empty()) served.push_back(&entry);
                }
                if (served.size() < 2) return;
                // Neighbours, which were put together.
                const auto item = [&](int i) {
                  return number(std::get<engine::GetAnswer>(served[i]->second).items.front().item);
                };
                if (item(0) + 1 == item(1)) std::swap(served[0]->first, served[1]->first);
              }),
              ::testing::AnyOf(HasSubstr("overtakes"), HasSubstr("must be: caller")));
}

TEST(FalseAnswersTest, APutThatOvertakesIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                auto* first = static_cast<std::pair<engine::Caller*, engine::Answer>*>(nullptr);
                for (auto& entry : effects.answers) {
                  const auto* put = std::get_if<engine::PutAnswer>(&entry.second);
                  if (put == nullptr || !put->status.ok()) continue;
                  if (first != nullptr) return std::swap(first->first, entry.first);
                  first = &entry;
                }
              }),
              ::testing::AnyOf(HasSubstr("overtakes"), HasSubstr("must be: caller")));
}

TEST(FalseAnswersTest, APutThatIsRefusedAndEnqueuedIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                for (const auto& [caller, put] : answers_of<engine::PutAnswer>(effects)) {
                  *put = {base::error(base::Reason::kQueueFull, "it is not"), {}, 0};
                }
              }),
              HasSubstr("gets QUEUE_FULL; must be"));
}

TEST(FalseAnswersTest, APartThatIsToldTwiceIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                const auto told = std::ranges::find_if(effects.answers, [](const auto& entry) {
                  const auto* put = std::get_if<engine::PutAnswer>(&entry.second);
                  return put != nullptr && put->more;
                });
                if (told != effects.answers.end()) effects.answers.insert(told, std::pair(*told));
              }),
              ::testing::AnyOf(HasSubstr("is told of"), HasSubstr("an item id was given before"),
                               HasSubstr("is answered after the end of its question"), HasSubstr("gets in part")));
}

TEST(FalseAnswersTest, APartThatIsNotToldIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                std::erase_if(effects.answers, [](const auto& entry) { return !engine::is_final(entry.second); });
              }),
              HasSubstr("must be: caller"));
}

TEST(FalseAnswersTest, AnotherItemsIdIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                for (const auto& [caller, put] : answers_of<engine::PutAnswer>(effects)) {
                  if (put->more) put->first = model::ItemId{number(put->first) + 1};
                }
              }),
              HasSubstr("is told another id than that of"));
}

TEST(FalseAnswersTest, ATokenOfBeforeIsFoundOut) {
  EXPECT_THAT(complaint_about([last = model::LeaseId{}](engine::Effects& effects) mutable {
                for (const auto& [caller, got] : answers_of<engine::GetAnswer>(effects)) {
                  for (model::Delivery& item : got->items) std::swap(item.lease, last);
                }
              }),
              HasSubstr("a lease token was given before"));
}

TEST(FalseAnswersTest, AnAttemptThatIsNotCountedIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                for (const auto& [caller, got] : answers_of<engine::GetAnswer>(effects)) {
                  for (model::Delivery& item : got->items) item.attempt = 1;
                }
              }),
              HasSubstr(":2"));
}

TEST(FalseAnswersTest, AnEarlyJoinIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                for (const auto& [caller, joined] : answers_of<engine::JoinAnswer>(effects)) joined->done = true;
              }),
              HasSubstr("returns early"));
}

TEST(FalseAnswersTest, ARetryLaterThanThePolicyAllowsIsFoundOut) {
  EXPECT_THAT(complaint_about([](engine::Effects& effects) {
                for (model::Record& record : effects.records) {
                  auto* item = std::get_if<model::ItemRecord>(&record);
                  if (item != nullptr && item->state == model::ItemState::kDelayed) item->due += std::chrono::seconds{1};
                }
              }),
              HasSubstr("replay"));
}

}  // namespace
}  // namespace sluice::sim
