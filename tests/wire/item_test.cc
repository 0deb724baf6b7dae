#include "server/wire/item.h"

#include <limits>

#include "server/base/limits.h"
#include "server/wire/utf8.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::AllOf;
using testing::ElementsAre;
using testing::Pair;

constexpr Field kRoot;

absl::StatusOr<model::NewItem> read(v1::NewItem item) {
  Reader reader;
  auto result = read_new_item(reader, Field(kRoot, "items", 3), item);
  if (!reader.ok()) return reader.status();
  return result;
}

absl::StatusOr<model::NewItem> read_with(const std::string& key, const std::string& value) {
  v1::NewItem item;
  (*item.mutable_attributes())[key] = value;
  return read(item);
}

TEST(NewItem, MayBeEmpty) {
  const auto item = read({});
  ASSERT_THAT(item, IsOk());
  EXPECT_EQ(*item->body, model::Body{});
  EXPECT_EQ(item->priority, 0);
  EXPECT_EQ(item->delay, 0s);
}

TEST(NewItem, MovesItsPayload) {
  v1::NewItem item;
  item.set_payload(std::string(100'000, 'x'));
  const char* const before = item.payload().data();
  Reader reader;
  const auto result = read_new_item(reader, kRoot, item);
  EXPECT_EQ(result.body->payload.data(), before);
  EXPECT_EQ(result.body->payload.size(), 100'000U);
}

TEST(NewItem, TakesAnyPriority) {
  for (const auto priority : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    v1::NewItem item;
    item.set_priority(priority);
    const auto result = read(item);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->priority, priority);
  }
}

TEST(NewItem, BoundsItsPayload) {
  v1::NewItem item;
  item.set_payload(std::string(limits::kMaxPayloadBytes, 'x'));
  EXPECT_THAT(read(item), IsOk());
  item.mutable_payload()->push_back('x');
  EXPECT_THAT(read(item),
              AllOf(RefusedFor(Reason::kPayloadTooLarge, "items[3].payload"), Saying("4194305"), Saying("4194304")));
}

TEST(NewItem, BoundsItsDelay) {
  const auto with_delay = [](const google::protobuf::Duration& delay) {
    v1::NewItem item;
    *item.mutable_delay() = delay;
    return read(item);
  };
  const std::int64_t year = 366 * 86'400;
  EXPECT_THAT(with_delay(duration(0)), IsOk());
  EXPECT_THAT(with_delay(duration(year)), IsOk());
  EXPECT_THAT(with_delay(duration(year, 1)), RefusedFor(Reason::kInvalidValue, "items[3].delay"));
  EXPECT_THAT(with_delay(duration(0, -1)), RefusedFor(Reason::kInvalidValue, "items[3].delay"));
}

TEST(NewItem, SortsItsAttributes) {
  v1::NewItem item;
  for (const char* key : {"b", "c", "a"}) (*item.mutable_attributes())[key] = std::string("of ") + key;
  const auto result = read(item);
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->body->attributes, ElementsAre(Pair("a", "of a"), Pair("b", "of b"), Pair("c", "of c")));
}

TEST(NewItem, BoundsTheNumberOfAttributes) {
  v1::NewItem item;
  for (int i = 0; i < 64; ++i) (*item.mutable_attributes())[std::to_string(i)] = "";
  EXPECT_THAT(read(item), IsOk());
  (*item.mutable_attributes())["one more"] = "";
  EXPECT_THAT(read(item), AllOf(RefusedFor(Reason::kAttributesTooLarge, "items[3].attributes"), Saying("65"), Saying("64")));
}

TEST(NewItem, BoundsKeys) {
  EXPECT_THAT(read_with(std::string(128, 'k'), "v"), IsOk());
  EXPECT_THAT(read_with(std::string(129, 'k'), "v"), RefusedFor(Reason::kAttributesTooLarge, "items[3].attributes"));
  EXPECT_THAT(read_with("", "v"), RefusedFor(Reason::kInvalidValue, "items[3].attributes"));
}

TEST(NewItem, BoundsAttributesTogether) {
  EXPECT_THAT(read_with("k", std::string(64 * 1024 - 1, 'v')), IsOk());
  EXPECT_THAT(read_with("k", std::string(64 * 1024, 'v')),
              AllOf(RefusedFor(Reason::kAttributesTooLarge, "items[3].attributes"), Saying("65537"), Saying("65536")));
}

TEST(NewItem, LeavesReservedKeysToTheServer) {
  EXPECT_THAT(read_with("sluice.origin", "v"), RefusedFor(Reason::kInvalidValue, "items[3].attributes"));
  EXPECT_THAT(read_with("sluice", "v"), IsOk());
  EXPECT_THAT(read_with("sluices", "v"), IsOk());
}

TEST(NewItem, WantsUtf8) {
  EXPECT_THAT(read_with("k", "\xff"), RefusedFor(Reason::kInvalidUtf8, "items[3].attributes"));
  EXPECT_THAT(read_with("\xff", "v"), RefusedFor(Reason::kInvalidUtf8, "items[3].attributes"));
}

TEST(LeasedItem, ShowsEverything) {
  model::Delivery delivery;
  delivery.item = model::ItemId{7};
  delivery.lease = model::LeaseId{70};
  delivery.body = std::make_shared<model::Body>(model::Body{std::string("\0\xff", 2), {{"k", "v"}}});
  delivery.priority = -5;
  delivery.attempt = 2;
  delivery.put_time = base::Time(123us);
  delivery.lease_expires = base::Time(456us);
  delivery.last_failure = std::make_shared<model::Failure>(model::Failure{.reason = "TIMED_OUT"});
  v1::LeasedItem item;
  fill(delivery, item);
  EXPECT_EQ(item.item_id(), 7U);
  EXPECT_EQ(item.lease_token(), 70U);
  EXPECT_EQ(item.payload(), std::string("\0\xff", 2));
  EXPECT_EQ(item.attributes().at("k"), "v");
  EXPECT_EQ(item.priority(), -5);
  EXPECT_EQ(item.attempt(), 2U);
  EXPECT_EQ(item.put_time_us(), 123);
  EXPECT_EQ(item.lease_expire_time_us(), 456);
  EXPECT_EQ(item.last_failure().reason(), "TIMED_OUT");
}

TEST(LeasedItem, CanBeReadByClientsWhateverAHandlerWrote) {
  model::Delivery delivery;
  delivery.body = std::make_shared<model::Body>(model::Body{"", {{"k\xff", "v\xff"}}});
  v1::LeasedItem item;
  fill(delivery, item);
  v1::LeasedItem parsed;
  ASSERT_TRUE(parsed.ParseFromString(item.SerializeAsString()));
  EXPECT_EQ(parsed.attributes().at("k\uFFFD"), "v\uFFFD");
  EXPECT_FALSE(parsed.has_last_failure());
}

TEST(PeekedItem, ShowsTheBeginningOfThePayload) {
  engine::PeekedItem peeked;
  peeked.id = model::ItemId{7};
  peeked.state = model::ItemState::kLeased;
  peeked.body = std::make_shared<model::Body>(model::Body{"payload", {}});
  peeked.due = base::Time(2s);
  peeked.consumer = "me";
  v1::PeekedItem item;
  fill(peeked, 3, item);
  EXPECT_EQ(item.payload(), "pay");
  EXPECT_EQ(item.payload_bytes(), 7U);
  EXPECT_EQ(item.state(), v1::ITEM_STATE_LEASED);
  EXPECT_EQ(item.due_time().seconds(), 2);
  EXPECT_EQ(item.consumer(), "me");
}

TEST(PeekedItem, IsNotDueWhenItNeverIs) {
  engine::PeekedItem peeked;
  peeked.body = std::make_shared<model::Body>();
  for (const std::optional<base::Time>& due : {std::optional<base::Time>(), std::optional(base::kNever)}) {
    peeked.due = due;
    v1::PeekedItem item;
    fill(peeked, 100, item);
    EXPECT_FALSE(item.has_due_time());
  }
}

}  // namespace
}  // namespace sluice::wire
