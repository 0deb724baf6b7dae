// docs/errors.md shows the same table as server/base/errors.cc, row by row.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/errors.h"

namespace sluice::base {
namespace {

// Rows of three columns whose first is a name; the document's other tables have two.
std::vector<std::string> rows_of_three(const std::string& path) {
  std::ifstream document(path);
  EXPECT_TRUE(document.is_open()) << path;
  std::vector<std::string> rows;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `") && std::count(line.begin(), line.end(), '|') == 4) rows.push_back(line);
  }
  return rows;
}

TEST(ErrorsDocument, ShowsTheTable) {
  std::vector<std::string> expected;
  for (const ReasonInfo& reason : all_reasons()) {
    expected.push_back(fmt::format("| `{}` | `{}` | {} |", reason.name, absl::StatusCodeToString(reason.code), reason.meaning));
  }
  EXPECT_THAT(rows_of_three(SLUICE_ERRORS_DOCUMENT), testing::ContainerEq(expected));
}

}  // namespace
}  // namespace sluice::base
