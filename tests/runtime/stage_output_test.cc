#include "server/runtime/stage_output.h"

#include <gtest/gtest.h>

#include "server/base/errors.h"

namespace sluice::runtime {
namespace {

using base::Reason;

class StageOutputTest : public testing::Test {
 protected:
  StageOutputTest() {
    input_.body = std::make_shared<model::Body>(model::Body{"in", {{"colour", "blue"}}});
    input_.priority = 3;
  }

  auto make(std::vector<handlers::Output> results) { return output_items(stage_, input_, std::move(results)); }
  static handlers::Output with_attributes(model::Attributes attributes) {
    return {.payload = "x", .attributes = std::move(attributes)};
  }

  model::StageSpec stage_{.name = "s", .input = "in", .output = "out", .handler = "h"};
  model::Delivery input_;
};

TEST_F(StageOutputTest, InheritsWhatTheResultDoesNotSay) {
  const auto items = make({{.payload = "x", .attributes = std::nullopt}});
  ASSERT_TRUE(items.ok());
  ASSERT_EQ(items->size(), 1U);
  EXPECT_EQ(items->front().queue, "out");
  EXPECT_EQ(items->front().item.body->payload, "x");
  EXPECT_EQ(items->front().item.body->attributes, input_.body->attributes);
  EXPECT_EQ(items->front().item.priority, 3);
  EXPECT_EQ(items->front().item.delay, base::Duration(0));
}

TEST_F(StageOutputTest, OwnAttributesAreSorted) {
  const auto items = make({with_attributes({{"b", "2"}, {"a", "1"}})});
  ASSERT_TRUE(items.ok());
  EXPECT_EQ(items->front().item.body->attributes, (model::Attributes{{"a", "1"}, {"b", "2"}}));
}

TEST_F(StageOutputTest, BelongsToTheTraceOfItsInput) {
  constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  input_.body = std::make_shared<model::Body>(model::Body{"in", {{"traceparent", kParent}, {"tracestate", "a=1"}}});
  const auto items = make({{.payload = "x", .attributes = std::nullopt},
                           with_attributes({{"z", "1"}, {"b", "2"}}),
                           with_attributes({{"traceparent", "its own"}})});
  ASSERT_TRUE(items.ok());
  EXPECT_EQ((*items)[0].item.body->attributes, input_.body->attributes);
  EXPECT_EQ((*items)[1].item.body->attributes,
            (model::Attributes{{"b", "2"}, {"traceparent", kParent}, {"tracestate", "a=1"}, {"z", "1"}}));
  EXPECT_EQ((*items)[2].item.body->attributes, (model::Attributes{{"traceparent", "its own"}}));
}

TEST_F(StageOutputTest, WithoutAnOutputThereIsNothingToPut) {
  stage_.output.clear();
  const auto items = make({{.payload = "x", .attributes = std::nullopt}});
  ASSERT_TRUE(items.ok());
  EXPECT_TRUE(items->empty());
}

TEST_F(StageOutputTest, BoundsAreThoseOfAPut) {
  EXPECT_TRUE(make({{.payload = std::string(limits::kMaxPayloadBytes, 'x'), .attributes = std::nullopt}}).ok());
  EXPECT_TRUE(base::is(make({{.payload = std::string(limits::kMaxPayloadBytes + 1, 'x'), .attributes = std::nullopt}}).status(),
                       Reason::kPayloadTooLarge));

  EXPECT_TRUE(make({with_attributes({{std::string(limits::kMaxAttributeKeyBytes, 'k'), ""}})}).ok());
  EXPECT_TRUE(base::is(make({with_attributes({{std::string(limits::kMaxAttributeKeyBytes + 1, 'k'), ""}})}).status(),
                       Reason::kAttributesTooLarge));
  EXPECT_TRUE(base::is(make({with_attributes({{"k", std::string(limits::kMaxAttributeBytes, 'v')}})}).status(),
                       Reason::kAttributesTooLarge));
  model::Attributes many;
  for (std::size_t i = 0; i <= limits::kMaxAttributes; ++i) many.emplace_back(std::to_string(i), "");
  EXPECT_TRUE(base::is(make({with_attributes(many)}).status(), Reason::kAttributesTooLarge));

  EXPECT_TRUE(make(std::vector<handlers::Output>(limits::kMaxBatch)).ok());
  EXPECT_TRUE(base::is(make(std::vector<handlers::Output>(limits::kMaxBatch + 1)).status(), Reason::kBatchTooLarge));
}

TEST_F(StageOutputTest, AnAttributeGivenTwiceIsRefused) {
  EXPECT_TRUE(base::is(make({with_attributes({{"a", "1"}, {"a", "2"}})}).status(), Reason::kInvalidValue));
}

}  // namespace
}  // namespace sluice::runtime
