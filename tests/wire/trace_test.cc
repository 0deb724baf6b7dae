#include "server/wire/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/limits.h"

namespace sluice::wire {
namespace {

using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(GiveTrace, PutsItIntoEachItemThatHasNone) {
  google::protobuf::RepeatedPtrField<v1::NewItem> items;
  (*items.Add()->mutable_attributes())["name"] = "a";
  (*items.Add()->mutable_attributes())["traceparent"] = "my own";
  (*items.Add()->mutable_attributes())["tracestate"] = "of nobody";
  give(*model::trace_context(kParent, "v=1"), items);
  EXPECT_THAT(items[0].attributes(),
              UnorderedElementsAre(Pair("name", "a"), Pair("traceparent", kParent), Pair("tracestate", "v=1")));
  EXPECT_THAT(items[1].attributes(), UnorderedElementsAre(Pair("traceparent", "my own")));
  EXPECT_THAT(items[2].attributes(), UnorderedElementsAre(Pair("traceparent", kParent), Pair("tracestate", "v=1")));
}

TEST(GiveTrace, NeverMakesAPutFail) {
  google::protobuf::RepeatedPtrField<v1::NewItem> items;
  auto& many = *items.Add()->mutable_attributes();
  for (std::size_t i = 0; i < limits::kMaxAttributes; ++i) many[std::to_string(i)] = "";
  (*items.Add()->mutable_attributes())["k"] = std::string(limits::kMaxAttributeBytes - 1, 'v');
  give(*model::trace_context(kParent, ""), items);
  EXPECT_THAT(items[0].attributes(), SizeIs(limits::kMaxAttributes));
  EXPECT_THAT(items[1].attributes(), SizeIs(1));
}

}  // namespace
}  // namespace sluice::wire
