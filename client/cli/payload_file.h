// Payloads that stand in files.
#pragma once

#include <string>

namespace sluice::cli {

// The whole file; "-": standard input. Error FILE for one that cannot be read, PAYLOAD_TOO_LARGE for one of more than 8 MiB:
// the server says so of the others that are too large.
[[nodiscard]] std::string read_payload(const std::string& path);

}  // namespace sluice::cli
