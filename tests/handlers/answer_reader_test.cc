// What children write, in whatever pieces it comes.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/limits.h"
#include "server/handlers/coprocess/protocol.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Result {
  std::vector<Answer> answers;
  std::optional<Nonsense> nonsense;
};

Result read_all(const Protocol& protocol, std::string_view text, std::size_t piece, std::size_t max_bytes = 100) {
  Result result;
  const auto reader = protocol.reader(max_bytes);
  for (std::size_t at = 0; at < text.size() && !result.nonsense; at += piece) {
    result.nonsense = reader->read(text.substr(at, piece), result.answers);
  }
  return result;
}

TEST(FrameReader, ReadsAnswersInAnyPieces) {
  const std::string text =
      "7 ok 5\nhello8 error 3\nbad18446744073709551615 ok 2 0 1\nabc9 ok\n10 reject 0\n11 ok 1+9\nx{\"k\":\"v\"}";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto [answers, nonsense] = read_all(frames(), text, piece);
    ASSERT_FALSE(nonsense) << piece << ": " << nonsense->message;
    ASSERT_THAT(answers, SizeIs(6)) << piece;
    EXPECT_EQ(answers[0].item, model::ItemId{7});
    EXPECT_THAT(outputs_of(answers[0].outcome), ElementsAre("hello"));
    EXPECT_EQ(error_of(answers[1].outcome).failure.message, "bad");
    EXPECT_THAT(outputs_of(answers[2].outcome), ElementsAre("ab", "", "c"));
    EXPECT_THAT(outputs_of(answers[3].outcome), IsEmpty());
    EXPECT_TRUE(error_of(answers[4].outcome).do_not_retry);
    EXPECT_EQ(std::get<std::vector<Output>>(answers[5].outcome).front().attributes, (model::Attributes{{"k", "v"}}));
  }
}

TEST(FrameReader, TellsProgressFromAnswers) {
  const std::string text = "7 progress 0.4 8\nresizing7 progress - 4\nhalf8 progress 1\n7 progress 7e0 0\n7 ok 2\nok";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto [answers, nonsense] = read_all(frames(), text, piece);
    ASSERT_FALSE(nonsense) << piece << ": " << nonsense->message;
    ASSERT_THAT(answers, SizeIs(5)) << piece;
    EXPECT_EQ(answers[0].progress, (model::Progress{.fraction = 0.4, .message = "resizing"}));
    EXPECT_EQ(answers[1].progress, (model::Progress{.fraction = std::nullopt, .message = "half"}));
    EXPECT_EQ(answers[2].item, model::ItemId{8});
    EXPECT_EQ(answers[2].progress, (model::Progress{.fraction = 1.0}));
    EXPECT_EQ(answers[3].progress, (model::Progress{.fraction = 1.0}));
    EXPECT_FALSE(answers[4].progress);
    EXPECT_EQ(output_of(answers[4].outcome), "ok");
  }
}

TEST(FrameReader, MakesProgressFitToBeShown) {
  const auto [answers, nonsense] = read_all(frames(), "7 progress 0.5 1000\n" + std::string(999, 'x') + "\xff", 100);
  ASSERT_FALSE(nonsense) << nonsense->message;
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].progress->message, std::string(limits::kMaxProgressMessageBytes, 'x'));
}

TEST(FrameReader, RefusesWhatIsNoProgress) {
  for (const char* text : {"7 progress\n", "7 progress x\n", "7 progress nan\n", "7 progress 0.5 1 1\nab",
                           "7 progress 0.5 1+2\nab", "7 progress 0.5 65537\n", "7 progress  5\n"}) {
    const auto [answers, nonsense] = read_all(frames(), text, 100);
    ASSERT_TRUE(nonsense) << text;
    EXPECT_EQ(nonsense->reason, "BAD_FRAME") << text;
    EXPECT_THAT(answers, IsEmpty()) << text;
  }
}

TEST(FrameReader, LeavesOutAnswersThatAreTooLarge) {
  const std::string text =
      "1 ok 101\n" + std::string(101, 'x') + "2 ok 60 60\n" + std::string(120, 'y') + "3 ok 100\n" + std::string(100, 'z');
  for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, text.size()}) {
    const auto [answers, nonsense] = read_all(frames(), text, piece);
    ASSERT_FALSE(nonsense);
    ASSERT_THAT(answers, SizeIs(3));
    EXPECT_EQ(error_of(answers[0].outcome).failure.reason, "OUTPUT_TOO_LARGE");
    EXPECT_EQ(error_of(answers[1].outcome).failure.reason, "OUTPUT_TOO_LARGE");
    EXPECT_EQ(output_of(answers[2].outcome), std::string(100, 'z'));
  }
}

TEST(FrameReader, RefusesWhatIsNoAnswer) {
  for (const char* text : {"\n", "7\n", "7 ok 1x\n", "7 ok -1\n", "7  ok 1\n", "-7 ok 1\n", "7 OK 1\n", "x ok 1\n", "7 ok 1+\n",
                           "7 error 1 1\n", "7 error 1+1\n", "7 reject\n", "7 ok 99999999999999999999\n", "7 ok 1\r\nx"}) {
    const auto [answers, nonsense] = read_all(frames(), text, 1);
    EXPECT_THAT(answers, IsEmpty()) << text;
    ASSERT_TRUE(nonsense) << text;
    EXPECT_EQ(nonsense->reason, "BAD_FRAME") << text;
  }
}

TEST(FrameReader, RefusesALineWithoutEnd) {
  const auto [answers, nonsense] = read_all(frames(), std::string(limits::kMaxAnswerHeadBytes + 1, '1'), 1'000);
  ASSERT_TRUE(nonsense);
  EXPECT_EQ(nonsense->reason, "BAD_FRAME");
  EXPECT_LT(nonsense->message.size(), 200U);
}

TEST(FrameReader, RefusesAttributesThatAreNone) {
  for (const std::string attributes : {"[]", "{\"a\":1}", "{\"a\"", "\xff", "null"}) {
    const auto text = "7 ok 0+" + std::to_string(attributes.size()) + "\n" + attributes;
    const auto [answers, nonsense] = read_all(frames(), text, 3);
    ASSERT_TRUE(nonsense) << attributes;
    EXPECT_EQ(nonsense->item, model::ItemId{7});
  }
}

TEST(FrameReader, MakesTextOfErrorMessages) {
  const auto [answers, nonsense] = read_all(frames(),
                                            "7 error 3\na\xff"
                                            "b",
                                            100);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(error_of(answers[0].outcome).failure.message,
            "a\xEF\xBF\xBD"
            "b");
}

TEST(LineReader, ReadsLinesInAnyPieces) {
  const std::string text = "one\n\n" + std::string(100, 'x') + "\n" + std::string(101, 'y') + "\nlast\nno end";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto [answers, nonsense] = read_all(lines(), text, piece);
    ASSERT_FALSE(nonsense);
    ASSERT_THAT(answers, SizeIs(5)) << piece;
    EXPECT_EQ(answers[0].item, std::nullopt);
    EXPECT_EQ(output_of(answers[0].outcome), "one");
    EXPECT_EQ(output_of(answers[1].outcome), "");
    EXPECT_EQ(output_of(answers[2].outcome), std::string(100, 'x'));
    EXPECT_EQ(error_of(answers[3].outcome).failure.reason, "OUTPUT_TOO_LARGE");
    EXPECT_EQ(output_of(answers[4].outcome), "last");
  }
}

TEST(LineReader, RefusesALineWithoutEnd) {
  const auto [answers, nonsense] = read_all(lines(), std::string(limits::kMaxDiscardedBytes + 1, 'x'), 1 << 20);
  ASSERT_TRUE(nonsense);
  EXPECT_EQ(nonsense->reason, "OUTPUT_TOO_LARGE");
}

TEST(Frames, TellTheItem) {
  std::string text;
  frames().append_item(item("payload"), text);
  frames().append_item(item("", {{"a", "b"}}), text);
  EXPECT_EQ(text, "7 3 7 0 tasks resize\npayload7 3 0 9 tasks resize\n{\"a\":\"b\"}");
}

}  // namespace
}  // namespace sluice::handlers
