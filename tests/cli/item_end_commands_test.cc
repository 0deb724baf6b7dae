// Commands that end items from outside, and options of put.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ItemEndCommands : public CommandTest {
 protected:
  Queue tasks_ = client_.create_queue("tasks");

  ItemId bury(const std::string& payload, const std::string& reason) {
    const ItemId id = tasks_.put(payload);
    tasks_.get()->fail(Failure{.reason = reason, .message = "did not work"}, {.do_not_retry = true});
    return id;
  }
};

TEST_F(ItemEndCommands, CancelSaysWhatItFound) {
  const std::string id = std::to_string(tasks_.put("x"));
  EXPECT_THAT(run({"cancel", "tasks", id}).output, HasSubstr("item " + id + ": cancelled"));
  const Ran again = run({"cancel", "tasks", id});
  EXPECT_EQ(again.exit_code, kFailed);
  EXPECT_THAT(again.error, HasSubstr("not in the queue any more"));
  tasks_.put("y");
  const auto held = tasks_.get();
  const auto answer = run_json({"cancel", "tasks", std::to_string(held->id())});
  EXPECT_EQ(answer["results"][0]["outcome"], "CANCEL_OUTCOME_REVOKED");
  EXPECT_EQ(tasks_.stats().counters.cancelled, 2U);
}

TEST_F(ItemEndCommands, DeadLettersAreListedSentBackAndThrownAway) {
  const ItemId a = bury("a", "EXIT_CODE");
  bury("b", "TIMED_OUT");
  bury("c", "TIMED_OUT");
  EXPECT_THAT(run({"dead", "ls", "tasks.dead"}).output,
              AllOf(HasSubstr("FROM"), HasSubstr("tasks"), HasSubstr("EXIT_CODE"), HasSubstr("did not work")));
  EXPECT_THAT(run({"dead", "ls", "tasks.dead", "--reason", "TIMED_OUT"}).output, testing::Not(HasSubstr("EXIT_CODE")));
  EXPECT_THAT(run({"dead", "redrive", "tasks.dead", std::to_string(a)}).output, HasSubstr("1 item redriven"));
  client_.create_queue("other");
  EXPECT_THAT(run({"dead", "redrive", "tasks.dead", "--reason", "TIMED_OUT", "--to", "other"}).output,
              HasSubstr("2 items redriven"));
  EXPECT_EQ(client_.queue("other").stats().waiting, 2U);
  tasks_.get()->fail("again", {.do_not_retry = true});
  tasks_.close();
  const Ran closed = run({"dead", "redrive", "tasks.dead"});
  EXPECT_EQ(closed.exit_code, kFailed);
  EXPECT_THAT(closed.error, HasSubstr("is closed"));
  EXPECT_EQ(run({"dead", "purge", "tasks.dead"}).exit_code, kOk);
  EXPECT_EQ(client_.queue("tasks.dead").stats().unfinished, 0U);
}

TEST_F(ItemEndCommands, PutTakesKeysAndTimes) {
  const auto first = run_json({"put", "tasks", "x", "--dedup-key", "k", "--dedup-window", "1h", "--order-key", "o"});
  const auto second = run_json({"put", "tasks", "y", "--dedup-key", "k"});
  EXPECT_EQ(first["item_ids"], second["item_ids"]);
  EXPECT_EQ(run({"put", "tasks", "z", "--ttl", "1h", "--not-before", "2100-01-01T00:00:00Z", "--unique-key", "u"}).exit_code,
            kOk);
  const auto items = tasks_.peek();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].order_key, "o");
  EXPECT_EQ(items[1].state, ItemState::kDelayed);
  EXPECT_EQ(items[1].unique_key, "u");
  EXPECT_TRUE(items[1].expire_time.has_value());
  EXPECT_EQ(run({"put", "tasks", "x", "--not-before", "tomorrow"}).exit_code, kUsage);
  EXPECT_EQ(run({"put", "tasks", "x", "--dedup-window", "1h"}).exit_code, kUsage);
}

TEST_F(ItemEndCommands, QueuesTakeATimeToLive) {
  EXPECT_EQ(run({"update", "tasks", "--ttl", "2h", "--dead-letter-expired", "true", "--dedup-window", "5m"}).exit_code, kOk);
  EXPECT_THAT(run({"show", "tasks"}).output, AllOf(HasSubstr("2h, then a dead letter"), HasSubstr("5m")));
  EXPECT_EQ(run({"update", "tasks", "--ttl", "0"}).exit_code, kOk);
  EXPECT_THAT(run({"show", "tasks"}).output, HasSubstr("for ever"));
}

}  // namespace
}  // namespace sluice::cli
