// What the README shows of the comparison.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/measure.h"
#include "tests/bench/peers/system.h"

namespace sluice::bench {

struct SystemResult {
  System::About about;
  Result result;
};
using Results = std::vector<SystemResult>;

// "memory", "file", "synced"
std::string word(Keeps keeps);

// As SVG.
std::string picture(const Results& streamed, const Results& stepped);

}  // namespace sluice::bench
