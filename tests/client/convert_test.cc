// What the wire says, in the library's words.
#include "client/src/convert.h"

#include <limits>

#include <gtest/gtest.h>

namespace sluice::internal {
namespace {

using namespace std::chrono_literals;

TEST(FromUnixMicros, KeepsTheMicrosecond) {
  EXPECT_EQ(from_unix_micros(1'700'000'000'123'456) - Time(), 1'700'000'000'123'456us);
  EXPECT_EQ(from_unix_micros(-1) - Time(), -1us);
}

// The server says so of a lease that never runs out.
TEST(FromUnixMicros, WhatIsTooFarAwayIsTheEndOfTime) {
  EXPECT_EQ(from_unix_micros(std::numeric_limits<std::int64_t>::max()), Time::max());
  EXPECT_EQ(from_unix_micros(std::numeric_limits<std::int64_t>::min()), Time::min());
}

TEST(Readable, KeepsWhatIsUtf8AndNothingElse) {
  for (const std::string text :
       {"", "abc", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(readable(text), text);
  }
  EXPECT_EQ(readable("a\xFF"
                     "b"),
            "a?b");
  EXPECT_EQ(readable("\xC3"), "?") << "cut";
  EXPECT_EQ(readable("\xC0\x80"), "??") << "overlong";
  EXPECT_EQ(readable("\xED\xA0\x80"), "???") << "a surrogate";
  EXPECT_EQ(readable("\xF4\x90\x80\x80"), "????") << "beyond the last character";
}

TEST(Failure, IsMadeOfWhateverAProgramSaid) {
  const v1::Failure failure = to_proto(Failure{.message = "no\xFF", .stderr_tail = "\xFE!"});
  EXPECT_EQ(failure.message(), "no?");
  EXPECT_EQ(failure.stderr_tail(), "?!");
}

}  // namespace
}  // namespace sluice::internal
