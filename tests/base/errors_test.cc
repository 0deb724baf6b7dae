#include "server/base/errors.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::base {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Errors, CarryTheirReasonAndItsCode) {
  for (const ReasonInfo& each : all_reasons()) {
    const auto status = error(each.reason, "what, why, what to try");
    EXPECT_EQ(reason_of(status), each.reason);
    EXPECT_EQ(status.code(), each.code);
    EXPECT_EQ(std::string(status.message()), "what, why, what to try");
  }
}

TEST(Errors, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const ReasonInfo& each : all_reasons()) EXPECT_TRUE(names.insert(each.name).second) << each.name;
}

TEST(Errors, MadeOtherwiseHaveNoReason) {
  EXPECT_EQ(reason_of(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(reason_of(absl::InternalError("x")), std::nullopt);
  EXPECT_FALSE(is(absl::InternalError("x"), Reason::kInternal));
}

TEST(Annotations, SayWhatAnErrorIsAbout) {
  auto status = error(Reason::kQueueFull, "full");
  EXPECT_TRUE(annotations(status).empty());
  annotate(status, "queue", "tasks");
  annotate(status, "field", "items[0]");
  annotate(status, "queue", "others");
  EXPECT_THAT(annotations(status), ElementsAre(Pair("field", "items[0]"), Pair("queue", "others")));
  EXPECT_TRUE(is(status, Reason::kQueueFull));
}

TEST(Annotations, DoNotStickToOk) {
  auto status = absl::OkStatus();
  annotate(status, "queue", "tasks");
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(annotations(status).empty());
}

}  // namespace
}  // namespace sluice::base
