// Puts one by one, as a producer's stream makes them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {

class ProducingTest : public EngineTest {
 protected:
  // `command` says all but the items' payloads.
  TestCaller& produce(PutCommand command, const std::vector<std::string>& payloads) {
    command.one_by_one = true;
    for (const auto& payload : payloads) {
      command.items.push_back({.body = std::make_shared<model::Body>(model::Body{payload, {}})});
    }
    return give(std::move(command));
  }
  TestCaller& give(PutCommand command) {
    Effects effects;
    TestCaller& caller = new_caller("produce");
    engine().put(now(), std::move(command), caller, effects);
    carry_out(effects);
    return caller;
  }
  // How many items the answers so far have told of.
  static std::uint64_t told(const TestCaller& caller) {
    std::uint64_t sum = 0;
    for (const auto& answer : caller.answers()) sum += std::get<PutAnswer>(answer).count;
    return sum;
  }
};

}  // namespace sluice::engine::testing
