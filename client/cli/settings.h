// Queue settings between the command line, the protos and the screen.
#pragma once

#include "client/cli/arguments.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::cli {

[[nodiscard]] v1::QueueSettings settings_proto(const SettingsArguments& arguments);
// A queue over several lines, name and value on each.
[[nodiscard]] std::string queue_text(const v1::Queue& queue);
// "open", "closed", "paused".
[[nodiscard]] std::string state_text(const v1::Queue& queue);
// "stalled: ..." on a line of its own for each; empty when all is well.
[[nodiscard]] std::string stalls_text(const google::protobuf::RepeatedPtrField<v1::Stall>& stalls);
// Attempts given up: dead-lettered or dropped.
[[nodiscard]] inline std::uint64_t given_up(const v1::Queue& queue) { return queue.counters().dead_lettered(); }

}  // namespace sluice::cli
