// What must hold whatever is asked: each breach, made by hand, is noticed.
#include "tests/sim/invariants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

engine::QueueView view_of(std::uint64_t put, std::uint64_t waiting, std::uint64_t leased = 0) {
  engine::QueueView view;
  view.name = "q";
  view.settings.capacity = 2;
  view.waiting = waiting;
  view.leased = leased;
  view.counters.put = put;
  view.counters.done = put - waiting - leased;
  return view;
}

class InvariantsTest : public ::testing::Test {
 protected:
  InvariantsTest() { invariants_.check({}, {}); }

  void ask(int caller, Invariants::Kind kind, std::uint64_t puts = 0, bool one_by_one = false) {
    invariants_.ask({.caller = caller, .kind = kind, .queue = "q", .puts = {{"q", puts}}, .one_by_one = one_by_one});
  }
  auto checking(engine::QueueView view, Invariants::Answers answers = {}) {
    return [this, view, answers] { invariants_.check({view}, answers); };
  }

  Invariants invariants_;
  const engine::Answer put_ok_ = engine::PutAnswer{absl::OkStatus(), model::ItemId{1}, 1};
  const engine::Answer put_part_ = engine::PutAnswer{absl::OkStatus(), model::ItemId{2}, 1, true};
  const engine::Answer got_one_ =
      engine::GetAnswer{absl::OkStatus(), {{.lease = model::LeaseId{7}, .body = std::make_shared<model::Body>()}}};
  const engine::Answer joined_ = engine::JoinAnswer{absl::OkStatus(), true};
};

TEST_F(InvariantsTest, OneTooManyIsNoticed) {
  checking(view_of(1, 1))();
  ask(1, Invariants::Kind::kPut, 2);
  const engine::Answer put_two = engine::PutAnswer{absl::OkStatus(), model::ItemId{1}, 2};
  EXPECT_THAT(checking(view_of(3, 3), {{1, &put_two}}), ThrowsMessage<Mismatch>(HasSubstr("3 wait, 2 are allowed")));
}

TEST_F(InvariantsTest, WhatComesBackIsNoneTooMany) {
  checking(view_of(3, 2, 1))();
  invariants_.release("q");
  EXPECT_NO_THROW(checking(view_of(3, 3))());
  engine::QueueView retried = view_of(5, 4);
  retried.counters.retried = 1;
  EXPECT_NO_THROW(checking(retried)()) << "one was tried again, and one died elsewhere";
}

TEST_F(InvariantsTest, MoreEndsThanPutsAreNoticed) {
  engine::QueueView view = view_of(2, 0);
  view.counters.dead_lettered = 1;
  EXPECT_THAT(checking(view), ThrowsMessage<Mismatch>(HasSubstr("more items ended")));
}

TEST_F(InvariantsTest, ALostItemIsNoticed) {
  engine::QueueView view = view_of(2, 2);
  --view.waiting;
  EXPECT_THAT(checking(view), ThrowsMessage<Mismatch>(HasSubstr("but 1 unfinished")));
}

TEST_F(InvariantsTest, ATokenThatComesAgainIsNoticed) {
  for (const int caller : {1, 2}) ask(caller, Invariants::Kind::kGet);
  checking(view_of(2, 1, 1), {{1, &got_one_}})();
  EXPECT_THAT(checking(view_of(2, 0, 2), {{2, &got_one_}}), ThrowsMessage<Mismatch>(HasSubstr("token was given before")));
}

TEST_F(InvariantsTest, AnEarlyJoinIsNoticed) {
  checking(view_of(2, 1, 1))();
  ask(1, Invariants::Kind::kJoin);
  EXPECT_THAT(checking(view_of(2, 0, 1), {{1, &joined_}}), ThrowsMessage<Mismatch>(HasSubstr("returns early")));
}

TEST_F(InvariantsTest, ALateJoinIsNoticed) {
  engine::QueueView idle = view_of(2, 0);
  idle.waiting_joins = 1;
  EXPECT_THAT(checking(idle), ThrowsMessage<Mismatch>(HasSubstr("a join waits")));
}

TEST_F(InvariantsTest, WhoeverOvertakesIsNoticed) {
  for (const int caller : {1, 2}) ask(caller, Invariants::Kind::kGet);
  for (const int caller : {3, 4}) ask(caller, Invariants::Kind::kPut, 1);
  EXPECT_THAT(checking(view_of(1, 0, 1), {{2, &got_one_}}), ThrowsMessage<Mismatch>(HasSubstr("2 of queue q overtakes 1")));
  EXPECT_THAT(checking(view_of(1, 1), {{4, &put_ok_}}), ThrowsMessage<Mismatch>(HasSubstr("4 of queue q overtakes 3")));
}

TEST_F(InvariantsTest, APartOfWhatGoesAllOrNoneIsNoticed) {
  ask(1, Invariants::Kind::kPut, 3);
  EXPECT_THAT(checking(view_of(1, 1), {{1, &put_part_}}), ThrowsMessage<Mismatch>(HasSubstr("told of 1 items of 3")));
}

TEST_F(InvariantsTest, APartThatIsCalledTheLastIsNoticed) {
  ask(1, Invariants::Kind::kPut, 2, true);
  const engine::Answer early_end = engine::PutAnswer{absl::OkStatus(), model::ItemId{1}, 1, false};
  EXPECT_THAT(checking(view_of(1, 1), {{1, &early_end}}), ThrowsMessage<Mismatch>(HasSubstr("and that there are no more")));
}

TEST_F(InvariantsTest, TheLastPartThatIsNotCalledSoIsNoticed) {
  ask(1, Invariants::Kind::kPut, 1, true);
  EXPECT_THAT(checking(view_of(1, 1), {{1, &put_part_}}), ThrowsMessage<Mismatch>(HasSubstr("and that there are more")));
}

TEST_F(InvariantsTest, PartsThatMakeTheWholeAreFine) {
  ask(1, Invariants::Kind::kPut, 2, true);
  checking(view_of(1, 1), {{1, &put_part_}})();
  const engine::Answer rest = engine::PutAnswer{absl::OkStatus(), model::ItemId{3}, 1};
  EXPECT_NO_THROW(checking(view_of(2, 1, 1), {{1, &rest}})());
}

TEST_F(InvariantsTest, AnIdThatComesAgainIsNoticed) {
  for (const int caller : {1, 2}) ask(caller, Invariants::Kind::kPut, 1);
  EXPECT_THAT(checking(view_of(2, 2), {{1, &put_ok_}, {2, &put_ok_}}),
              ThrowsMessage<Mismatch>(HasSubstr("an item id was given before")));
}

TEST_F(InvariantsTest, MoreThanAskedForIsNoticed) {
  model::Delivery item = std::get<engine::GetAnswer>(got_one_).items.front();
  const auto deliver = [&](std::uint32_t max_items, std::size_t max_bytes, const std::string& payload) {
    auto body = std::make_shared<model::Body>();
    body->payload = payload;
    item.body = body;
    engine::GetAnswer two{absl::OkStatus(), {item, item}};
    two.items.back().lease = model::LeaseId{8};
    const engine::Answer answer = two;
    Invariants invariants;
    invariants.ask({.caller = 1, .kind = Invariants::Kind::kGet, .max_items = max_items, .max_bytes = max_bytes});
    invariants.check({}, {{1, &answer}});
  };
  EXPECT_NO_THROW(deliver(2, 6, "abc"));
  EXPECT_THAT([&] { deliver(1, 6, "abc"); }, ThrowsMessage<Mismatch>(HasSubstr("gets 2 items")));
  EXPECT_THAT([&] { deliver(2, 5, "abc"); }, ThrowsMessage<Mismatch>(HasSubstr("of 6 bytes")));
}

TEST_F(InvariantsTest, AnAnswerAfterTheEndIsNoticed) {
  for (const int caller : {1, 2}) ask(caller, Invariants::Kind::kPut, 1);
  checking(view_of(1, 1), {{1, &put_ok_}})();
  invariants_.withdrawn(2);
  EXPECT_THAT(checking(view_of(1, 1), {{1, &put_ok_}}), ThrowsMessage<Mismatch>(HasSubstr("after the end")));
  EXPECT_THAT(checking(view_of(2, 2), {{2, &put_ok_}}), ThrowsMessage<Mismatch>(HasSubstr("after the end")));
}

}  // namespace
}  // namespace sluice::sim
