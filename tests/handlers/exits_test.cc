// How the ends of children are counted.
#include "server/handlers/exits.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(SubprocessExits, AreCountedByTheirReason) {
  auto spec =
      shell("case $SLUICE_ATTR_DO in exit) exit 3;; signal) kill -9 $$;; sleep) exec sleep 1000;; much) echo 123456789;; esac");
  spec.timeout = std::chrono::milliseconds(500);
  spec.grace = base::Duration::zero();
  spec.max_output_bytes = 5;
  const auto handler = subprocess(spec);
  for (const char* what : {"nothing", "nothing", "exit", "signal", "sleep", "much"})
    (void)run(*handler, item("", {{"do", what}}));
  const auto missing = subprocess(argv({"/nonexistent"}));
  (void)run(*missing, item(""));

  const auto counts_of = [](const Handler& of) {
    const auto counts = dynamic_cast<const HasChildren&>(of).exits().counts();
    return std::map<std::string_view, std::uint64_t>(counts.begin(), counts.end());
  };
  EXPECT_THAT(counts_of(*handler),
              ElementsAre(Pair("BAD_FRAME", 0), Pair("EXIT_CODE", 1), Pair("GIVEN_UP", 0), Pair("OUTPUT_TOO_LARGE", 1),
                          Pair("SIGNALED", 1), Pair("SPAWN_FAILED", 0), Pair("SUCCEEDED", 2), Pair("TIMED_OUT", 1)));
  EXPECT_EQ(counts_of(*missing).at("SPAWN_FAILED"), 1U);
}

}  // namespace
}  // namespace sluice::handlers
