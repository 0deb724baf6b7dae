// What handlers report of their items: how often it is passed on, and where it is seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "server/handlers/native.h"
#include "server/runtime/progress_reports.h"
#include "tests/runtime/fake_handlers.h"
#include "tests/runtime/rig.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using handlers::Input;
using support::eventually;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kMany = 10'000;

class ProgressReportsTest : public testing::Test {
 protected:
  std::shared_ptr<ProgressReports> reports() {
    return std::make_shared<ProgressReports>(io_->get_executor(),
                                             [this](model::Progress&& progress) { passed_on_.push_back(*progress.fraction); });
  }
  static void report_many(ProgressReports& reports, double base) {
    for (int i = 1; i <= kMany; ++i) reports.report({.fraction = base + i * (0.4 / kMany)});
  }

  std::optional<boost::asio::io_context> io_{std::in_place};
  std::vector<double> passed_on_;
};

TEST_F(ProgressReportsTest, PassOnTheLatestNowAndThen) {
  const auto made = reports();
  report_many(*made, 0.0);
  io_->poll();
  EXPECT_THAT(passed_on_, ElementsAre(0.4));
  report_many(*made, 0.5);
  io_->poll();
  EXPECT_THAT(passed_on_, ElementsAre(0.4)) << "during the pause";
  io_->restart();
  io_->run();
  EXPECT_THAT(passed_on_, ElementsAre(0.4, 0.9));
  made->report({.fraction = 1.0});
  io_->restart();
  io_->poll();
  EXPECT_THAT(passed_on_, ElementsAre(0.4, 0.9, 1.0)) << "after a rest";
}

TEST_F(ProgressReportsTest, PassOnNothingOnceClosed) {
  const auto made = reports();
  made->report({.fraction = 0.5});
  made->close();
  io_->run();
  EXPECT_THAT(passed_on_, IsEmpty());
}

TEST_F(ProgressReportsTest, MayBeMadeWhenEverythingElseIsGone) {
  const auto made = reports();
  made->report({.fraction = 0.1});
  io_->poll();
  made->close();
  io_.reset();
  std::thread([made] { report_many(*made, 0.2); }).join();
  EXPECT_THAT(passed_on_, ElementsAre(0.1));
}

class StageProgressTest : public testing::Test {
 protected:
  // One item is worked on by `function`, on a thread of its own.
  void start(handlers::NativeFunction function) {
    rig_.add("h", handlers::make_native("", handlers::Runs::kOnOwnThread, std::move(function)));
    rig_.start();
    rig_.create(model::PipelineSpec{
        .name = "p", .queues = {}, .stages = {{.name = "s", .input = "in", .output = "out", .handler = "h", .workers = 1}}});
    ASSERT_TRUE(rig_.put("in", {"a"}).ok());
  }
  // Of the item that runs, as lists of running items have it; and as the engine has it.
  std::string running() {
    const auto status = rig_->stage_status("p", "s");
    return status.running.empty() ? "none" : text_of(status.running.front().progress);
  }
  std::string peeked() {
    const auto items =
        rig_.now([](auto& engine, auto, auto&) { return engine.peek("in", model::ItemState::kLeased, 0, 1).value(); });
    return items.empty() ? "none" : text_of(items.front().progress);
  }
  static std::string text_of(const model::ProgressPtr& progress) {
    if (!progress) return "nothing";
    return std::to_string(progress->fraction.value_or(-1)).substr(0, 4) + " " + progress->message;
  }

  Rig rig_;
};

TEST_F(StageProgressTest, IsSeenWhileTheHandlerRuns) {
  std::latch begin{1};
  std::latch end{1};
  start([&](const Input& input) {
    begin.wait();
    for (int i = 0; i <= kMany; ++i) input.progress(static_cast<double>(i) / kMany, "step " + std::to_string(i));
    end.wait();
    return std::vector<handlers::Output>();
  });
  EXPECT_TRUE(eventually([&] { return running() == "nothing"; }));
  EXPECT_EQ(peeked(), "nothing");
  begin.count_down();
  EXPECT_TRUE(eventually([&] { return running() == "1.00 step 10000"; })) << running();
  EXPECT_TRUE(eventually([&] { return peeked() == "1.00 step 10000"; })) << peeked();
  end.count_down();
  EXPECT_TRUE(rig_.join("in").ok());
  EXPECT_EQ(running(), "none");
}

TEST_F(StageProgressTest, OfAnItemThatIsTakenAwayIsNobodysBusiness) {
  std::latch begun{1};
  std::latch go{1};
  std::latch over{1};
  start([&](const Input& input) {
    begun.count_down();
    go.wait();
    for (int i = 0; i < kMany; ++i) input.progress(0.5);
    over.count_down();
    return std::vector<handlers::Output>();
  });
  begun.wait();
  const auto id =
      rig_.now([](auto& engine, auto, auto&) { return engine.peek("in", model::ItemState::kLeased, 0, 1).value().at(0).id; });
  EXPECT_TRUE(rig_.now([&](auto& engine, auto now, auto& out) { return engine.cancel(now, "in", std::array{id}, out); }).ok());
  EXPECT_TRUE(rig_.join("in").ok());
  EXPECT_TRUE(eventually([&] { return rig_->stage_status("p", "s").busy == 0; }));
  go.count_down();
  over.wait();
  EXPECT_EQ(running(), "none");
}

}  // namespace
}  // namespace sluice::runtime
