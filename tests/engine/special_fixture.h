// What the tests of items with options, of cancelling and of redriving share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {

// Writes down what it is told.
struct RecordedWatch final : LeaseWatch {
  void revoked(model::LeaseId lease) override { leases.push_back(lease); }
  std::vector<model::LeaseId> leases;
};

class SpecialItemsTest : public EngineTest {
 protected:
  static model::NewItem item(std::string_view payload, model::ItemOptions options = {}) {
    auto body = std::make_shared<model::Body>();
    body->payload = payload;
    return {.body = std::move(body), .options = std::make_shared<const model::ItemOptions>(std::move(options))};
  }

  TestCaller& put_items(std::string_view queue, std::vector<model::NewItem> items, base::Duration wait = kTry,
                        const std::string& request_id = {}) {
    PutCommand command{
        .queue = std::string(queue), .items = std::move(items), .give_up = after(wait), .request_id = request_id};
    TestCaller& caller = new_caller("put");
    Effects effects;
    engine().put(now(), std::move(command), caller, effects);
    carry_out(effects);
    return caller;
  }
  TestCaller& put_item(std::string_view queue, std::string_view payload, model::ItemOptions options,
                       base::Duration wait = kTry) {
    return put_items(queue, {item(payload, std::move(options))}, wait);
  }
  // The id that a put of one item is told.
  static model::ItemId id_of(const TestCaller& put) { return put.put().ids.empty() ? put.put().first : put.put().ids.at(0); }

  std::vector<CancelOutcome> cancel(std::string_view queue, const std::vector<model::ItemId>& items) {
    Effects effects;
    auto outcomes = engine().cancel(now(), queue, items, effects);
    for (const auto& [watch, lease] : effects.revoked) watch->revoked(lease);
    carry_out(effects);
    EXPECT_TRUE(outcomes.ok()) << outcomes.status().message();
    return outcomes.value_or(std::vector<CancelOutcome>{});
  }
  RedriveResult redrive(const RedriveCommand& command) {
    Effects effects;
    auto result = engine().redrive(now(), command, effects);
    carry_out(effects);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.value_or(RedriveResult{});
  }
  // Puts an item and fails it for good. Returns its id.
  model::ItemId bury(std::string_view queue, const std::string& payload, const std::string& reason = "TEST") {
    const model::ItemId id = put(queue, {payload}).put().first;
    EXPECT_EQ(fail(queue, take(queue).lease, {.reason = reason, .do_not_retry = true}), "OK");
    return id;
  }
};

}  // namespace sluice::engine::testing
