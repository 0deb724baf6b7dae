// Moments on the command line.
#pragma once

#include <optional>
#include <string>

#include <google/protobuf/timestamp.pb.h>

namespace sluice::cli {

// "2026-11-24T08:00:00Z", or with an offset such as +01:00 in place of Z. None for anything else.
[[nodiscard]] std::optional<google::protobuf::Timestamp> parse_moment(const std::string& text);

}  // namespace sluice::cli
