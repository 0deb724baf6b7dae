// The two calls whose clients hold items for as long as their stream lives, and what differs between them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/v1/pipeline_service.pb.h"
#include "sluice/v1/queue_service.pb.h"
#include "tests/crash/dice.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

struct ConsumeKind {
  using Request = v1::ConsumeRequest;
  using Response = v1::ConsumeResponse;

  // What the first message says.
  static void introduce(const Consumer& part, Request& request);
  [[nodiscard]] static bool at_end(const Response& response) { return response.end_of_queue(); }
  // That an item is done, and what was made of it.
  static void add_done(std::uint64_t token, const std::vector<std::string>& payloads, const Consumer& part, Dice& dice,
                       Request& request);
  // Whether an item is still held whose end was refused for this reason.
  [[nodiscard]] static bool is_held_after(const std::string& reason) { return reason != "LEASE_LOST"; }
};

struct WorkKind {
  using Request = v1::WorkRequest;
  using Response = v1::WorkResponse;

  static void introduce(const Consumer& part, Request& request);
  [[nodiscard]] static bool at_end(const Response& response) { return response.end_of_work(); }
  static void add_done(std::uint64_t token, const std::vector<std::string>& payloads, const Consumer& part, Dice& dice,
                       Request& request);
  // The attempt has failed then.
  [[nodiscard]] static bool is_held_after(const std::string& /*reason*/) { return false; }
};

}  // namespace sluice::crash
