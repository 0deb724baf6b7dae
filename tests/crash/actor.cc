#include "tests/crash/actor.h"

#include <set>

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;

Client connect(const Scene& scene, const std::string& name, bool careless) {
  const Duration again = careless ? 0s : kRestartTime;
  return Client(scene.address, {.connect_timeout = again, .reconnect_timeout = again, .consumer = name});
}

// Of these the server, or the library, says that nothing happened and nothing will.
bool refuses(const Error& error) {
  static const std::set<std::string> reasons = {"QUEUE_FULL", "QUEUE_CLOSED", "LEASE_LOST", "QUEUE_NOT_FOUND", "STORAGE_FULL"};
  return reasons.contains(error.reason());
}

}  // namespace

Actor::Actor(const Scene& scene, std::string name, bool careless, std::uint64_t seed)
    : scene_(scene), name_(std::move(name)), client_(connect(scene, name_, careless)), dice_(seed) {}

Outcome Actor::settle(Recorder::Id id, const Error& error) {
  const Outcome outcome = refuses(error) ? Outcome::kRefused : Outcome::kUnknown;
  const std::uint64_t life = recorder().life();
  recorder().end(id, outcome, error.reason());
  if (error.code() == Code::kUnavailable) recorder().wait_for_life_after(life, 200ms);
  return outcome;
}

}  // namespace sluice::crash
