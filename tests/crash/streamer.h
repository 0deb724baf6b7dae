// What the clients of streams have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include "tests/crash/dice.h"
#include "tests/crash/load.h"
#include "tests/crash/recorder.h"

namespace sluice::crash {

// How long a stream listens before it looks at the phase of the run again.
inline constexpr std::chrono::milliseconds kListen{50};

// A connection of one's own, back soon after the server.
[[nodiscard]] std::shared_ptr<grpc::Channel> new_channel(const std::string& address);

// Why the server ended a stream; empty when it said nothing.
[[nodiscard]] std::string reason_of(const grpc::Status& status);

template <class Service>
class Streamer {
 protected:
  Streamer(const Scene& scene, std::uint64_t seed)
      : recorder_(scene.recorder), dice_(seed), stub_(Service::NewStub(new_channel(scene.address))) {}

  void wait_for_the_server(std::uint64_t life) { recorder_.wait_for_life_after(life, std::chrono::milliseconds(200)); }

  Recorder& recorder_;
  Dice dice_;
  const std::unique_ptr<typename Service::Stub> stub_;
};

}  // namespace sluice::crash
