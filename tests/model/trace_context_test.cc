#include "server/model/trace_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/limits.h"

namespace sluice::model {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, IsReadFromItsStandardForm) {
  const auto trace = trace_context(kParent, "vendor=1");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->parent, kParent);
  EXPECT_EQ(trace->state, "vendor=1");
  EXPECT_EQ(trace->trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(TraceContext, OfALaterVersionIsCarriedAsItIs) {
  const std::string later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what the future brings";
  ASSERT_TRUE(trace_context(later, ""));
  EXPECT_EQ(trace_context(later, "")->parent, later);
  EXPECT_TRUE(trace_context("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""));
}

TEST(TraceContext, ThatIsMalformedIsIgnored) {
  for (const char* parent : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\n",
           " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_FALSE(trace_context(parent, "vendor=1")) << parent;
  }
  EXPECT_FALSE(trace_context("cc" + std::string(kParent).substr(2) + "-" + std::string(1'000, 'x'), ""));
}

TEST(TraceContext, LosesAStateThatCannotBeCarried) {
  EXPECT_EQ(trace_context(kParent, std::string(512, 'x'))->state.size(), 512u);
  EXPECT_EQ(trace_context(kParent, std::string(513, 'x'))->state, "");
  EXPECT_EQ(trace_context(kParent, "vendor=\n")->state, "");
}

TEST(TraceContext, IsAnItemsByItsAttributes) {
  EXPECT_EQ(trace_of({}), std::nullopt);
  EXPECT_EQ(trace_of({{"tracestate", "vendor=1"}}), std::nullopt);
  EXPECT_EQ(trace_of({{"traceparent", "nonsense"}, {"tracestate", "vendor=1"}}), std::nullopt);
  EXPECT_EQ(trace_of({{"traceparent", kParent}}), trace_context(kParent, ""));
  EXPECT_EQ(trace_of({{"traceparent", kParent}, {"tracestate", "a=1"}}), trace_context(kParent, "a=1"));
}

TEST(TraceContext, IsGivenInOrder) {
  Attributes attributes = {{"a", "1"}, {"tracestate", "of nobody"}, {"z", "2"}};
  give(*trace_context(kParent, "v=1"), attributes);
  EXPECT_THAT(attributes, ElementsAre(Pair("a", "1"), Pair("traceparent", kParent), Pair("tracestate", "v=1"), Pair("z", "2")));
  attributes = {{"tracestate", "of nobody"}};
  give(*trace_context(kParent, ""), attributes);
  EXPECT_THAT(attributes, ElementsAre(Pair("traceparent", kParent)));
}

TEST(TraceContext, LeavesOneThatIsThereAlone) {
  const Attributes before = {{"traceparent", "my own"}, {"tracestate", "too"}};
  Attributes attributes = before;
  give(*trace_context(kParent, "v=1"), attributes);
  EXPECT_EQ(attributes, before);
}

TEST(TraceContext, IsNotGivenWhereThereIsNoRoom) {
  const auto trace = *trace_context(kParent, "v=1");
  EXPECT_TRUE(has_room(trace, limits::kMaxAttributes - 2, 0));
  EXPECT_FALSE(has_room(trace, limits::kMaxAttributes - 1, 0));
  EXPECT_TRUE(has_room(trace, 0, limits::kMaxAttributeBytes - trace.attribute_bytes()));
  EXPECT_FALSE(has_room(trace, 0, limits::kMaxAttributeBytes - trace.attribute_bytes() + 1));
  const Attributes before = {{"k", std::string(limits::kMaxAttributeBytes - 1, 'v')}};
  Attributes attributes = before;
  give(trace, attributes);
  EXPECT_EQ(attributes, before);
}

}  // namespace
}  // namespace sluice::model
