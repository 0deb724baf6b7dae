// What few items have, as the API gives it; and the requests that go with it.
#include <gtest/gtest.h>

#include "server/wire/item.h"
#include "server/wire/requests.h"
#include "server/wire/spec.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;

model::NewItem read(v1::NewItem item, absl::Status* status = nullptr) {
  Reader reader;
  auto read = read_new_item(reader, {}, item);
  if (status != nullptr) *status = reader.status();
  return read;
}

TEST(ItemOptions, AreNoneForMostItems) {
  v1::NewItem item;
  item.set_payload("x");
  item.set_priority(3);
  EXPECT_EQ(read(item).options, nullptr);
}

TEST(ItemOptions, AreRead) {
  v1::NewItem item;
  item.mutable_not_before()->set_seconds(1'000);
  item.mutable_not_before()->set_nanos(1);
  item.mutable_time_to_live()->set_seconds(5);
  item.set_dedup_key("d");
  item.mutable_dedup_window()->set_seconds(7);
  item.set_unique_key("u");
  item.set_order_key("o");
  const auto options = read(item).options;
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->not_before, base::Time{1'000'000'001us}) << "not a part of a microsecond too early";
  EXPECT_EQ(options->time_to_live, 5s);
  EXPECT_EQ(options->dedup_key, "d");
  EXPECT_EQ(options->dedup_window, 7s);
  EXPECT_EQ(options->unique_key, "u");
  EXPECT_EQ(options->order_key, "o");
}

TEST(ItemOptions, AreRefusedOutOfTheirRanges) {
  const auto refused = [](auto change) {
    v1::NewItem item;
    change(item);
    absl::Status status;
    read(item, &status);
    return base::is(status, base::Reason::kInvalidValue);
  };
  EXPECT_TRUE(refused([](v1::NewItem& item) { item.mutable_time_to_live(); }));
  EXPECT_TRUE(refused([](v1::NewItem& item) { item.mutable_time_to_live()->set_seconds(367 * 86'400); }));
  EXPECT_TRUE(refused([](v1::NewItem& item) { item.mutable_not_before()->set_seconds(-1); }));
  EXPECT_TRUE(refused([](v1::NewItem& item) { item.set_order_key(std::string(129, 'k')); }));
  EXPECT_TRUE(refused([](v1::NewItem& item) { item.mutable_dedup_window()->set_seconds(1); })) << "without a key";
  EXPECT_TRUE(refused([](v1::NewItem& item) {
    item.set_dedup_key("k");
    item.mutable_dedup_window()->set_seconds(8 * 86'400);
  }));
}

TEST(ItemOptions, AreShown) {
  engine::PeekedItem peeked;
  peeked.body = std::make_shared<const model::Body>();
  peeked.options = std::make_shared<const model::ItemOptions>(
      model::ItemOptions{.expires = base::Time{9s}, .dedup_key = "d", .unique_key = "u", .order_key = "o", .dead_from = "q"});
  v1::PeekedItem item;
  fill(peeked, 0, item);
  EXPECT_EQ(item.expire_time().seconds(), 9);
  EXPECT_EQ(item.dead_from(), "q");
  EXPECT_EQ(item.dedup_key(), "d");
  EXPECT_EQ(item.unique_key(), "u");
  EXPECT_EQ(item.order_key(), "o");
}

TEST(ExpirySettings, ZeroIsForEver) {
  v1::QueueSettings settings;
  settings.mutable_time_to_live();
  settings.set_dead_letter_expired(true);
  settings.mutable_dedup_window()->set_seconds(60);
  Reader reader;
  const auto patch = read_settings(reader, {}, settings, "q");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(patch.time_to_live, base::Duration{0});
  EXPECT_EQ(patch.dead_letter_expired, true);
  EXPECT_EQ(patch.dedup_window, 60s);
  const auto message = settings_message(patch.applied_to({}));
  EXPECT_EQ(message.time_to_live().seconds(), 0);
  EXPECT_EQ(message.dedup_window().seconds(), 60);
}

TEST(RedriveRequest, GoesOnWhereTheAnswerSays) {
  v1::RedriveItemsResponse response;
  fill(engine::RedriveResult{.redriven = 3, .next = engine::RedriveCursor{-2, 17}}, response);
  v1::RedriveItemsRequest request;
  request.set_queue("q.dead");
  request.set_page_token(response.next_page_token());
  const auto command = redrive_of(request);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->after, (engine::RedriveCursor{-2, 17}));
  EXPECT_EQ(command->to, std::nullopt);
  EXPECT_EQ(command->reason, std::nullopt);
  request.add_item_ids(1);
  EXPECT_FALSE(redrive_of(request).ok());
  for (const char* token : {"behind:", "behind:1", "behind:1:", "behind:1:2x", "at:3"}) {
    request.clear_item_ids();
    request.set_page_token(token);
    EXPECT_FALSE(redrive_of(request).ok()) << token;
  }
}

}  // namespace
}  // namespace sluice::wire
