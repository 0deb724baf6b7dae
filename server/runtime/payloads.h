// What can be seen of the items' bodies: where they are, and what is in them.
#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/views.h"

namespace sluice::runtime {

// Bodies read back from the journal since the start.
struct PayloadReads {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
};

// Payloads and attributes of all unfinished items. Bytes.
struct PayloadUse {
  std::uint64_t resident = 0;  // in memory
  std::uint64_t spilled = 0;   // only in the journal
  PayloadReads reads;
};

// A part of what is in a queue, every item with its body.
struct PeekedPage {
  std::vector<engine::PeekedItem> items;
  bool more = false;  // there are further ones behind them
};

}  // namespace sluice::runtime
