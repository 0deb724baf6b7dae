#include "server/log/line.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::log {
namespace {

using namespace std::chrono_literals;

nlohmann::json parsed(const std::string& members) { return nlohmann::json::parse("{" + members + "}"); }

TEST(TextLine, PutsFieldsBehindTheMessage) {
  EXPECT_EQ(text_line("stage finished", {{"pipeline", "photos"}, {"items", 12}, {"ok", true}, {"took_s", 1500ms}}, 0),
            "stage finished  pipeline=photos items=12 ok=true took_s=1.5");
}

TEST(TextLine, IsTheMessageAloneWithoutFields) { EXPECT_EQ(text_line("ready", {}, 0), "ready"); }

TEST(TextLine, QuotesWhatWouldNotReadAsOneWord) {
  EXPECT_EQ(text_line("m", {{"k", "two words"}}, 0), R"(m  k="two words")");
  EXPECT_EQ(text_line("m", {{"k", ""}}, 0), R"(m  k="")");
  EXPECT_EQ(text_line("m", {{"k", "a=b"}}, 0), R"(m  k="a=b")");
  EXPECT_EQ(text_line("m", {{"k", "say \"hi\""}}, 0), R"(m  k="say \"hi\"")");
}

TEST(TextLine, StaysOneLineWhateverAValueHolds) {
  const std::string line = text_line("m", {{"k", "one\ntwo\r\x1b[31m"}}, 0);
  EXPECT_EQ(line, R"(m  k="one\ntwo\r\u001b[31m")");
}

TEST(TextLine, TellsHowManyRepeatsAreMissing) {
  EXPECT_EQ(text_line("m", {}, 3), "m  suppressed=3");
  EXPECT_EQ(text_line("m", {{"k", "v"}}, 3), "m  k=v suppressed=3");
}

TEST(JsonMembers, KeepTheTypeOfAField) {
  const auto json = parsed(json_members("hello", {{"s", "5"}, {"n", -5}, {"d", 0.25}, {"b", false}}, 7));
  EXPECT_EQ(json, (nlohmann::json{{"message", "hello"}, {"s", "5"}, {"n", -5}, {"d", 0.25}, {"b", false}, {"suppressed", 7}}));
}

TEST(JsonMembers, AreValidWhateverAValueHolds) {
  const std::string bad = "a\"b\\c\n\xff";
  EXPECT_EQ(parsed(json_members("m", {{"k", bad}}, 0)).at("k"), "a\"b\\c\n\xef\xbf\xbd");
  const auto infinite = parsed(json_members("m", {{"k", std::numeric_limits<double>::infinity()}}, 0));
  EXPECT_EQ(infinite.at("k"), "inf");
}

TEST(JsonMembers, CutLongValuesBetweenCharacters) {
  std::string euros;
  while (euros.size() <= kMaxValueBytes) euros += "\xe2\x82\xac";
  const std::string value = parsed(json_members("m", {{"k", euros}}, 0)).at("k");
  EXPECT_LE(value.size(), kMaxValueBytes + 3);
  EXPECT_TRUE(value.ends_with("\xe2\x82\xac..."));
}

}  // namespace
}  // namespace sluice::log
