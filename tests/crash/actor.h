// What all clients have that use the client library: their chance, and how they make a call.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "sluice/sluice.h"
#include "tests/crash/dice.h"
#include "tests/crash/load.h"
#include "tests/crash/recorder.h"

namespace sluice::crash {

// Longer than a server ever takes to come back.
inline constexpr std::chrono::seconds kRestartTime{30};

class Actor {
 public:
  // A careless one gives a call up when the server is gone, the others repeat it.
  Actor(const Scene& scene, std::string name, bool careless, std::uint64_t seed);

 protected:
  [[nodiscard]] std::uint32_t roll(std::uint32_t low, std::uint32_t high) { return dice_.roll(low, high); }
  [[nodiscard]] bool percent(std::uint32_t chance) { return dice_.percent(chance); }
  [[nodiscard]] Recorder& recorder() const { return scene_.recorder; }

  // Records the error that a call throws. One that has lost its server waits until it is back.
  Outcome settle(Recorder::Id id, const Error& error);
  // `call` may take the operation's id, to add what the answer says.
  template <class Call>
  Outcome attempt(Operation operation, Call call) {
    operation.actor = name_;
    const auto id = recorder().begin(std::move(operation));
    try {
      if constexpr (std::is_invocable_v<Call, Recorder::Id>) {
        call(id);
      } else {
        call();
      }
      recorder().end(id, Outcome::kOk);
      return Outcome::kOk;
    } catch (const Error& error) {
      return settle(id, error);
    }
  }

  const Scene& scene_;
  const std::string name_;
  const Client client_;
  Dice dice_;
};

}  // namespace sluice::crash
