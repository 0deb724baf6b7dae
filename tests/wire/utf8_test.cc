#include "server/wire/utf8.h"

#include <gtest/gtest.h>

namespace sluice::wire {
namespace {

TEST(Utf8, KnowsEveryLengthOfCharacter) {
  for (const char* text : {"", "plain", "\u00e4", "\u20ac", "\U0001F600", "a\u00e4\u20ac\U0001F600z", "\x7f", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_EQ(utf8_repaired(text), text);
  }
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const char* text : {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
                           "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "fine\xfe"}) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_TRUE(is_utf8(utf8_repaired(text)));
  }
}

TEST(Utf8, RepairsOnlyTheBadBytes) {
  EXPECT_EQ(utf8_repaired("a\xff\xc3\xa4z"), "a\uFFFD\u00e4z");
  EXPECT_EQ(utf8_repaired("\xe2\x82"), "\uFFFD\uFFFD");
}

TEST(Utf8, CutsBetweenCharacters) {
  const std::string text = "a\u20acb";  // 1 + 3 + 1 bytes
  EXPECT_EQ(utf8_head(text, 5), text);
  EXPECT_EQ(utf8_head(text, 4), "a\u20ac");
  EXPECT_EQ(utf8_head(text, 3), "a");
  EXPECT_EQ(utf8_head(text, 0), "");
  EXPECT_EQ(utf8_tail(text, 5), text);
  EXPECT_EQ(utf8_tail(text, 4), "\u20acb");
  EXPECT_EQ(utf8_tail(text, 3), "b");
  EXPECT_EQ(utf8_tail(text, 0), "");
}

TEST(Utf8, CutsWhatHasNoBeginningOfACharacter) {
  EXPECT_EQ(utf8_head("\x80\x80\x80", 2), "");
  EXPECT_EQ(utf8_tail("\x80\x80\x80", 2), "");
}

}  // namespace
}  // namespace sluice::wire
