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

  void ask(int caller, Invariants::Kind kind, std::uint64_t puts = 0) {
    invariants_.ask({.caller = caller, .kind = kind, .queue = "q", .puts = {{"q", puts}}});
  }
  auto checking(engine::QueueView view, Invariants::Answers answers = {}) {
    return [this, view, answers] { invariants_.check({view}, answers); };
  }

  Invariants invariants_;
  const engine::Answer put_ok_ = engine::PutAnswer{absl::OkStatus(), model::ItemId{1}, 1};
  const engine::Answer got_one_ = engine::GetAnswer{absl::OkStatus(), {{.lease = model::LeaseId{7}}}};
  const engine::Answer joined_ = engine::JoinAnswer{absl::OkStatus(), true};
};

TEST_F(InvariantsTest, OneTooManyIsNoticed) {
  checking(view_of(1, 1))();
  ask(1, Invariants::Kind::kPut, 2);
  EXPECT_THAT(checking(view_of(3, 3), {{1, &put_ok_}}), ThrowsMessage<Mismatch>(HasSubstr("3 wait, 2 are allowed")));
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

TEST_F(InvariantsTest, AnAnswerAfterTheEndIsNoticed) {
  for (const int caller : {1, 2}) ask(caller, Invariants::Kind::kPut, 1);
  checking(view_of(1, 1), {{1, &put_ok_}})();
  invariants_.withdrawn(2);
  EXPECT_THAT(checking(view_of(1, 1), {{1, &put_ok_}}), ThrowsMessage<Mismatch>(HasSubstr("after the end")));
  EXPECT_THAT(checking(view_of(2, 2), {{2, &put_ok_}}), ThrowsMessage<Mismatch>(HasSubstr("after the end")));
}

}  // namespace
}  // namespace sluice::sim
