#include "client/cli/table.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(Table, AlignsTextToTheLeftAndNumbersToTheRight) {
  Table table({"NAME", ">COUNT", "STATE"});
  table.add({"a", "1", "open"});
  table.add({"longer", "1,234", ""});
  EXPECT_EQ(table.text(),
            "NAME    COUNT  STATE\n"
            "a           1  open\n"
            "longer  1,234\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"NAME", "X"});
  table.add({"äöü", "1"});
  EXPECT_EQ(table.text(), "NAME  X\näöü   1\n");
}

TEST(OneLine, LeavesWhatFits) { EXPECT_EQ(one_line("hello", 5), "hello"); }

TEST(OneLine, CutsWhatDoesNot) {
  EXPECT_EQ(one_line("hello world", 8), "hello...");
  EXPECT_EQ(one_line("ääääää", 5), "ää...");
  EXPECT_EQ(one_line("hello", 2), "..") << "never wider than it may be";
  EXPECT_EQ(one_line("hello", 0), "");
}

TEST(OneLine, ShowsNoControlCharactersAndNoBrokenText) {
  EXPECT_EQ(one_line("a\nb\x1b[31mc", 80), "a.b.[31mc");
  EXPECT_EQ(one_line("a\xff\xc3z\xe2\x82", 80), "a??z??");
}

}  // namespace
}  // namespace sluice::cli
