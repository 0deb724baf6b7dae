// Native handlers, built-in ones, and the registry.
#include "server/handlers/native.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "server/handlers/builtins.h"
#include "server/handlers/duration_text.h"
#include "server/handlers/registry.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

std::vector<Output> one(std::string payload) { return {{.payload = std::move(payload), .attributes = std::nullopt}}; }

class Native : public ::testing::TestWithParam<Runs> {};
INSTANTIATE_TEST_SUITE_P(Both, Native, ::testing::Values(Runs::kInline, Runs::kOnOwnThread),
                         [](const auto& runs) { return runs.param == Runs::kInline ? "Inline" : "OnOwnThread"; });

TEST_P(Native, GivesItsOutputs) {
  const auto handler = make_native("twice", GetParam(), [](const Input& input) {
    auto outputs = one(std::string(input.payload()));
    outputs.push_back({.payload = input.stage, .attributes = model::Attributes{{"k", "v"}}});
    return outputs;
  });
  const auto outcome = run(*handler, item("a"));
  EXPECT_THAT(outputs_of(outcome), ElementsAre("a", "resize"));
  EXPECT_EQ(handler->kind(), "native");
  EXPECT_EQ(handler->description(), "twice");
}

TEST_P(Native, AnExceptionIsAFailure) {
  const auto handler =
      make_native("", GetParam(), [](const Input&) -> std::vector<Output> { throw std::runtime_error("no\xff luck"); });
  const auto error = error_of(run(*handler, item("")));
  EXPECT_EQ(error.failure.reason, "HANDLER_THREW");
  EXPECT_EQ(error.failure.message, "no\xEF\xBF\xBD luck");
  EXPECT_FALSE(error.do_not_retry);
}

TEST_P(Native, SoIsAnythingElseThatIsThrown) {
  const auto handler = make_native("", GetParam(), [](const Input&) -> std::vector<Output> { throw 5; });
  EXPECT_EQ(error_of(run(*handler, item(""))).failure.reason, "HANDLER_THREW");
}

TEST_P(Native, AHandlerFailureKeepsItsDetails) {
  const auto handler = make_native("", GetParam(), [](const Input&) -> std::vector<Output> {
    Error error;
    error.failure.reason = "BAD_CELL";
    error.failure.message = "cell 3";
    error.do_not_retry = true;
    throw HandlerFailure(std::move(error));
  });
  const auto error = error_of(run(*handler, item("")));
  EXPECT_EQ(error.failure.reason, "BAD_CELL");
  EXPECT_EQ(error.failure.message, "cell 3");
  EXPECT_TRUE(error.do_not_retry);
}

// Opens once for all.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, kPatience, [this] { return is_open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = false;
};

TEST(OwnThreads, BlockNobodyElse) {
  // Each waits for all: so all must be running at the same time, on one thread of the context.
  constexpr int kItems = 8;
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  const auto handler = make_native("", Runs::kOnOwnThread, [&](const Input&) {
    std::unique_lock lock(mutex);
    if (++here == kItems) all_here.notify_all();
    return one(all_here.wait_for(lock, kPatience, [&] { return here == kItems; }) ? "met" : "alone");
  });
  for (const auto& outcome : run_all(*handler, std::vector<Input>(kItems, item("")), 1)) EXPECT_EQ(output_of(outcome), "met");
}

TEST(OwnThreads, AreNoMoreThanAllowed) {
  std::mutex mutex;
  int running = 0;
  int most = 0;
  const auto function = [&](const Input&) {
    {
      const std::lock_guard lock(mutex);
      most = std::max(most, ++running);
    }
    std::this_thread::yield();
    const std::lock_guard lock(mutex);
    --running;
    return one("");
  };
  const auto handler = make_native("", Runs::kOnOwnThread, function, 3);
  for (const auto& outcome : run_all(*handler, std::vector<Input>(100, item("")))) EXPECT_EQ(output_of(outcome), "");
  EXPECT_LE(most, 3);
}

TEST(OwnThreads, AnItemIsGivenUpWhileItsFunctionRuns) {
  const auto gate = std::make_shared<Gate>();
  std::promise<std::string> ended;
  {
    const auto begun = std::make_shared<Gate>();
    const auto handler = make_native("", Runs::kOnOwnThread, [gate, begun, &ended](const Input& input) {
      begun->open();
      gate->wait();
      ended.set_value(input.body->payload + input.stage);
      return one("");
    });
    std::jthread stopper;
    Watch watch;
    watch.on_stoppable = [&](std::function<void()> stop) {
      stopper = std::jthread([begun, stop = std::move(stop)] {
        EXPECT_TRUE(begun->wait());
        stop();
      });
    };
    (void)error_of(run(*handler, item("kept "), watch));
  }
  // Neither item nor context nor handler is there any more.
  gate->open();
  auto result = ended.get_future();
  ASSERT_EQ(result.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(result.get(), "kept resize");
}

class Builtins : public ::testing::Test {
 protected:
  Builtins() { EXPECT_TRUE(add_builtins(registry_).ok()); }
  Outcome outcome(std::string_view name, const Input& input) {
    const auto handler = registry_.find(name);
    EXPECT_NE(handler, nullptr) << name;
    return handler == nullptr ? Outcome() : run(*handler, input);
  }
  Registry registry_;
};

TEST_F(Builtins, Transform) {
  EXPECT_EQ(output_of(outcome("builtin.identity", item("aB\n"))), "aB\n");
  EXPECT_EQ(output_of(outcome("builtin.upper", item("aB\n"))), "AB\n");
  EXPECT_THAT(outputs_of(outcome("builtin.lines", item("a\n\nb"))), ElementsAre("a", "", "b"));
  EXPECT_THAT(outputs_of(outcome("builtin.lines", item("a\n"))), ElementsAre("a"));
  EXPECT_THAT(outputs_of(outcome("builtin.lines", item(""))), IsEmpty());
  EXPECT_THAT(outputs_of(outcome("builtin.discard", item("a"))), IsEmpty());
}

TEST_F(Builtins, Fail) {
  auto error = error_of(outcome("builtin.fail", item("why")));
  EXPECT_EQ(error.failure.reason, "FAILED");
  EXPECT_EQ(error.failure.message, "why");
  EXPECT_FALSE(error.do_not_retry);
  error = error_of(outcome("builtin.fail", item("", {{"do_not_retry", "true"}, {"message", "for good"}})));
  EXPECT_EQ(error.failure.message, "for good");
  EXPECT_TRUE(error.do_not_retry);
}

TEST_F(Builtins, TakeTime) {
  for (const auto* name : {"builtin.sleep", "builtin.block", "builtin.spin"}) {
    const auto start = steady_clock::now();
    EXPECT_EQ(output_of(outcome(name, item("20ms"))), "20ms");
    EXPECT_EQ(output_of(outcome(name, item("x", {{"sleep", "20ms"}}))), "x");
    EXPECT_GE(steady_clock::now() - start, 40ms);
    const auto error = error_of(outcome(name, item("soon")));
    EXPECT_EQ(error.failure.reason, "BAD_ARGUMENT");
    EXPECT_TRUE(error.do_not_retry);
  }
}

TEST_F(Builtins, SleepCanBeGivenUp) {
  Watch watch;
  watch.on_stoppable = [](const std::function<void()>& stop) { stop(); };
  const auto start = steady_clock::now();
  (void)run(*registry_.find("builtin.sleep"), item("1h"), watch);
  EXPECT_LT(steady_clock::now() - start, kPatience);
}

TEST_F(Builtins, SayWhatTheyAre) {
  for (const auto& [name, handler] : registry_.all()) {
    EXPECT_EQ(handler->kind(), name == "remote" ? "remote" : "builtin") << name;
    EXPECT_FALSE(handler->description().empty()) << name;
  }
}

TEST(RegistryTest, RefusesBadAndTakenNames) {
  Registry registry;
  const auto handler = make_native("", Runs::kInline, [](const Input&) { return one(""); });
  EXPECT_TRUE(registry.add("photos/resize-2:a.b_c", handler).ok());
  EXPECT_TRUE(base::is(registry.add("photos/resize-2:a.b_c", handler), base::Reason::kInvalidValue));
  for (const std::string& name :
       {std::string(), std::string(".a"), std::string("a b"), std::string("\xc3\xa4"), std::string(201, 'a')}) {
    EXPECT_TRUE(base::is(registry.add(name, handler), base::Reason::kInvalidName)) << name;
  }
  EXPECT_TRUE(registry.add(std::string(200, 'a'), handler).ok());
  EXPECT_EQ(registry.find("photos/resize-2:a.b_c"), handler);
  EXPECT_EQ(registry.find("photos"), nullptr);
}

TEST(DurationText, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("7us"), 7us);
  for (const auto* text : {"", "1", "s", "-1s", "1 s", "1S", "1s ", "1e3s", ".5s", "nan", "inf", "100000h", "1.2.3s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::handlers
