#include "server/handlers/utf8.h"

#include "gtest/gtest.h"
#include "server/handlers/process/tail.h"

namespace sluice::handlers {
namespace {

const std::string kBad = "\xEF\xBF\xBD";

TEST(Utf8, KeepsWhatIsValid) {
  for (const std::string text :
       {"", "abc", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(repair_utf8(text), text);
  }
}

TEST(Utf8, ReplacesWhatIsNot) {
  EXPECT_EQ(repair_utf8("a\xFF"
                        "b"),
            "a" + kBad + "b");
  EXPECT_EQ(repair_utf8("\x80"), kBad);
  EXPECT_EQ(repair_utf8("\xC3"), kBad) << "cut";
  EXPECT_EQ(repair_utf8("\xC3("), kBad + "(");
  EXPECT_EQ(repair_utf8("\xC0\xAF"), kBad + kBad) << "overlong";
  EXPECT_EQ(repair_utf8("\xE0\x80\x80"), kBad + kBad + kBad) << "overlong";
  EXPECT_EQ(repair_utf8("\xED\xA0\x80"), kBad + kBad + kBad) << "a surrogate";
  EXPECT_EQ(repair_utf8("\xF4\x90\x80\x80"), kBad + kBad + kBad + kBad) << "beyond the last";
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(first_characters("a\xC3\xA4", 3), "a\xC3\xA4");
  EXPECT_EQ(first_characters("a\xC3\xA4", 2), "a");
  EXPECT_EQ(last_characters("\xC3\xA4"
                            "a",
                            3),
            "\xC3\xA4"
            "a");
  EXPECT_EQ(last_characters("\xC3\xA4"
                            "a",
                            2),
            "a");
}

TEST(TailTest, KeepsTheLastBytes) {
  Tail tail(4);
  EXPECT_EQ(tail.text(), "");
  for (const char* part : {"ab", "c", "defghijkl", "m"}) tail.append(part);
  EXPECT_EQ(tail.text(), "jklm");
  tail.append("\xC3\xA4\xC3\xA4\xC3\xA4");
  EXPECT_EQ(tail.text(), "\xC3\xA4\xC3\xA4");
  tail.append("x");
  EXPECT_EQ(tail.text(), "\xC3\xA4x") << "no half character";
}

TEST(TailTest, StaysWithinItsLimitWhenRepaired) {
  Tail tail(4);
  tail.append("\xFF\xFF\xFF\xFF");
  EXPECT_EQ(tail.text(), kBad);
}

}  // namespace
}  // namespace sluice::handlers
