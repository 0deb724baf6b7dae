// What the end of a child means for the items that it had in hand.
#pragma once

#include <string>
#include <string_view>

#include "server/handlers/coprocess/job.h"
#include "server/handlers/coprocess/plan.h"
#include "server/handlers/process/ending.h"

namespace sluice::handlers {

// Why a child ended.
enum class Cause {
  kItself,    // nobody told it to
  kFinished,  // its standard input was closed, because it had had its items or the server goes down
  kTimedOut,
  kNonsense,  // what it wrote
  kGivenUp,   // its items were
};

struct ChildEnd {
  Cause cause = Cause::kItself;
  bool killed = false;  // what it was told was not enough
  CommandEnd how;
  std::string_view nonsense_reason;  // for kNonsense: BAD_FRAME or OUTPUT_TOO_LARGE
  std::string nonsense;              // for kNonsense: what it did
  std::string stderr_tail;
};

// Of an item that the child had in hand. Pure, like all of these.
[[nodiscard]] Outcome judge(const CoprocessPlan& plan, const Job& job, const ChildEnd& end);
// One of Exits::kReasons; empty if its exit status is lost.
[[nodiscard]] std::string_view exit_reason(const ChildEnd& end);

[[nodiscard]] Error given_up();
[[nodiscard]] Error not_started(const CoprocessPlan& plan, const SpawnError& error);

}  // namespace sluice::handlers
