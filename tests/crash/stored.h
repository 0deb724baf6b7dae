// What a data directory holds while no server runs on it.
#pragma once

#include <filesystem>
#include <vector>

#include "tests/crash/checker/history.h"

namespace sluice::crash {

// Every value of every item, with its queue. Throws std::runtime_error if the store cannot be read.
[[nodiscard]] std::vector<Piece> read_store(const std::filesystem::path& directory);

}  // namespace sluice::crash
