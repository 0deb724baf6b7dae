#include "server/wire/reader.h"

#include <limits>

#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::AllOf;

constexpr Field kRoot;
constexpr DurationRange kRange{1ms, 24h};

absl::Status name_status(std::string_view name) {
  Reader reader;
  reader.name({kRoot, "queue"}, name);
  return reader.status();
}

absl::Status duration_status(const google::protobuf::Duration& value, DurationRange range = kRange) {
  Reader reader;
  reader.duration({kRoot, "lease"}, value, range);
  return reader.status();
}

TEST(Field, SpellsItsPath) {
  const Field items(kRoot, "items", 3);
  const Field item(items, "item");
  EXPECT_EQ(Field(item, "payload").text(), "items[3].item.payload");
  EXPECT_EQ(kRoot.text(), "");
}

TEST(Reader, TakesNames) {
  for (const std::string& name : {std::string("a"), std::string("9"), std::string("photos/2024:raw_v1.2-x"),
                                  std::string(200, 'q'), std::string(200, 'q') + ".dead"}) {
    EXPECT_THAT(name_status(name), IsOk()) << name;
  }
}

TEST(Reader, RefusesOtherNames) {
  for (const std::string& name : {std::string(), std::string(201, 'q'), std::string(300, 'q'), std::string(201, 'q') + ".dead",
                                  std::string("-a"), std::string(".a"), std::string("a b"), std::string("a\0b", 3),
                                  std::string("\u00e4"), std::string("a\n"), std::string(".dead")}) {
    EXPECT_THAT(name_status(name), RefusedFor(Reason::kInvalidName, "queue")) << name;
  }
  EXPECT_THAT(name_status(std::string(300, 'q')), AllOf(Saying("300 bytes"), Saying("1 to 200")));
  EXPECT_THAT(name_status("a\x01\"b"), Saying(R"("a\x01\"b")"));
}

TEST(Reader, MakesNewNamesNoLongerThanTheyMayBe) {
  Reader reader;
  reader.new_name({kRoot, "queue"}, std::string(196, 'q') + ".dead");
  EXPECT_THAT(reader.status(), RefusedFor(Reason::kInvalidName, "queue"));
}

TEST(Reader, TakesDurationsWithinTheirRange) {
  Reader reader;
  EXPECT_EQ(reader.duration(kRoot, duration(0, 1'000'000), kRange), 1ms);
  EXPECT_EQ(reader.duration(kRoot, duration(1, 500'000'000), kRange), 1500ms);
  EXPECT_EQ(reader.duration(kRoot, duration(86'400), kRange), 24h);
  EXPECT_THAT(reader.status(), IsOk());
}

TEST(Reader, RoundsDurationsUp) {
  Reader reader;
  EXPECT_EQ(reader.duration(kRoot, duration(0, 1), {0ms, 1h}), 1us);
  EXPECT_EQ(reader.duration(kRoot, duration(2, 1'001), {0ms, 1h}), 2'000'002us);
  EXPECT_EQ(reader.duration(kRoot, duration(0), {0ms, 1h}), 0us);
}

TEST(Reader, RefusesDurationsOutOfRange) {
  const auto most = std::numeric_limits<std::int64_t>::max();
  const auto least = std::numeric_limits<std::int64_t>::min();
  for (const auto& value :
       {duration(0), duration(0, 999'000), duration(86'400, 1), duration(86'401), duration(-1), duration(0, -1), duration(most),
        duration(most, 999'999'999), duration(least), duration(least, -999'999'999)}) {
    EXPECT_THAT(duration_status(value), RefusedFor(Reason::kInvalidValue, "lease")) << value.ShortDebugString();
  }
  EXPECT_THAT(duration_status(duration(0, -500'000'000)), Saying("-0.5s is out of range; 0.001s to 86400s is allowed"));
}

TEST(Reader, RefusesWhatIsNoDuration) {
  for (const auto& value : {duration(1, -1), duration(-1, 1), duration(0, 1'000'000'000), duration(0, -1'000'000'000),
                            duration(1, std::numeric_limits<std::int32_t>::min())}) {
    EXPECT_THAT(duration_status(value), AllOf(RefusedFor(Reason::kInvalidValue, "lease"), Saying("is not a duration")));
  }
}

TEST(Reader, TakesFractionsWithinTheirRangeOnly) {
  const auto status = [](double value) {
    Reader reader;
    reader.fraction({kRoot, "jitter"}, value, 0.0, 1.0);
    return reader.status();
  };
  for (const double value : {0.0, -0.0, 0.5, 1.0}) EXPECT_THAT(status(value), IsOk()) << value;
  for (const double value : {-0.001, 1.001, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(status(value), RefusedFor(Reason::kInvalidValue, "jitter")) << value;
  }
}

TEST(Reader, KeepsTheFirstComplaint) {
  Reader reader;
  reader.number({kRoot, "first"}, 5U, 1U, 4U);
  reader.number({kRoot, "second"}, 0U, 1U, 4U);
  EXPECT_THAT(reader.status(), AllOf(RefusedFor(Reason::kInvalidValue, "first"), Saying("first: 5 is out of range; 1 to 4")));
}

TEST(Reader, ChecksTexts) {
  Reader reader;
  EXPECT_EQ(reader.text({kRoot, "id"}, "four", 4), "four");
  EXPECT_THAT(reader.status(), IsOk());
  reader.text({kRoot, "id"}, "fives", 4);
  EXPECT_THAT(reader.status(), AllOf(RefusedFor(Reason::kInvalidValue, "id"), Saying("5 bytes; at most 4")));

  Reader other;
  other.text({kRoot, "id"}, "\xff", 4);
  EXPECT_THAT(other.status(), RefusedFor(Reason::kInvalidUtf8, "id"));
}

TEST(InQuotes, CutsWhatIsLong) {
  const std::string shown = in_quotes(std::string(100'000, 'x'));
  EXPECT_LT(shown.size(), 80U);
  EXPECT_TRUE(shown.ends_with("..."));
}

TEST(DurationText, LooksAsPeopleWriteIt) {
  EXPECT_EQ(duration_text(0us), "0s");
  EXPECT_EQ(duration_text(1500ms), "1.5s");
  EXPECT_EQ(duration_text(1us), "0.000001s");
  EXPECT_EQ(duration_text(24h), "86400s");
}

}  // namespace
}  // namespace sluice::wire
