// Traces in the environment of children.
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* kPrint = "printf '%s|%s' \"${TRACEPARENT-none}\" \"${TRACESTATE-none}\"";

TEST(SubprocessTrace, IsInTheEnvironment) {
  const auto handler = subprocess(shell(kPrint));
  EXPECT_EQ(output_of(run(*handler, item("", {{"traceparent", kParent}, {"tracestate", "a=1"}}))),
            std::string(kParent) + "|a=1");
  EXPECT_EQ(output_of(run(*handler, item("", {{"traceparent", kParent}}))), std::string(kParent) + "|none");
}

TEST(SubprocessTrace, IsNotThereWithoutAWellFormedOne) {
  const auto handler = subprocess(shell(kPrint));
  EXPECT_EQ(output_of(run(*handler, item(""))), "none|none");
  EXPECT_EQ(output_of(run(*handler, item("", {{"traceparent", "00-nonsense"}, {"tracestate", "a=1"}}))), "none|none");
}

TEST(SubprocessTrace, IsNeverThatOfTheServer) {
  auto spec = shell(kPrint);
  spec.inherit_env.emplace_back("TRACEPARENT");
  EXPECT_TRUE(base::is(make_subprocess(spec).status(), base::Reason::kInvalidValue));
  spec = shell(kPrint);
  spec.env["TRACESTATE"] = "a=1";
  EXPECT_TRUE(base::is(make_subprocess(spec).status(), base::Reason::kInvalidValue));
}

}  // namespace
}  // namespace sluice::handlers
