#include "server/base/reaction.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::base {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

using Reports = std::vector<std::pair<std::string, Duration>>;

void hold_for(Duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

TEST(ReactionTimer, ReportsWhatTookLonger) {
  Reports reports;
  const SlowReactions watcher(1ms, [&](std::string_view reaction, Duration held) { reports.emplace_back(reaction, held); });
  {
    const ReactionTimer timer("slow");
    hold_for(2ms);
  }
  EXPECT_THAT(reports, ElementsAre(Pair("slow", testing::Ge(2ms))));
}

TEST(ReactionTimer, KeepsQuietAboutTheRest) {
  Reports reports;
  const SlowReactions watcher(1h, [&](std::string_view reaction, Duration held) { reports.emplace_back(reaction, held); });
  { const ReactionTimer timer("quick"); }
  EXPECT_TRUE(reports.empty());
}

TEST(ReactionTimer, ReportsNestedReactionsEachForItself) {
  std::vector<std::string> names;
  const SlowReactions watcher(-1us, [&](std::string_view reaction, Duration) { names.emplace_back(reaction); });
  {
    const ReactionTimer outer("outer");
    const ReactionTimer inner("inner");
  }
  EXPECT_THAT(names, ElementsAre("inner", "outer"));
}

TEST(ReactionTimer, IsOffWhileNobodyWatches) {
  Reports reports;
  {
    const SlowReactions watcher(-1us, [&](std::string_view reaction, Duration held) { reports.emplace_back(reaction, held); });
  }
  { const ReactionTimer timer("unseen"); }
  EXPECT_TRUE(reports.empty());
}

}  // namespace
}  // namespace sluice::base
