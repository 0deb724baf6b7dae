// Items, and what holds the payload of one, as JSON.
#pragma once

#include <string>

#include "sluice/v1/queue.pb.h"
#include "sluice/v1/schedule.pb.h"

namespace sluice::cli {

// The message with the names of the protos, on one line, except that a payload that is UTF-8 stands in "payload" as it is, and
// any other in "payload_base64". 64-bit numbers are strings.
[[nodiscard]] std::string item_json(const v1::LeasedItem& item);
[[nodiscard]] std::string item_json(const v1::PeekedItem& item);
// In the same way, with the payload in its "spec"; on one line, or over several.
[[nodiscard]] std::string schedule_json(const v1::Schedule& schedule, bool one_line);

}  // namespace sluice::cli
