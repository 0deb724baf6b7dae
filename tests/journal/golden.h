// The records whose bytes are kept for every schema version, and how those bytes are written down.
//
// tests/journal/golden/vN/records.txt holds what a server with schema version N wrote: a line for each value, with table, key
// and value in hexadecimal. A file that is there never changes. `journal_golden` prints the present version's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/journal/frame.h"
#include "server/model/record.h"

namespace sluice::journal::golden {

// Every kind of record that a version knew, with every field set somewhere, in load order.
[[nodiscard]] std::vector<model::Record> records(int version);

struct Value {
  Table table{};
  std::string key;
  std::string value;  // with its frame

  bool operator==(const Value&) const = default;
};

// What a store holds after the present version's records have been appended to it, and a digest.
[[nodiscard]] std::vector<Value> written();

[[nodiscard]] std::string to_text(const std::vector<Value>& values);
// Throws std::runtime_error for what to_text() never writes.
[[nodiscard]] std::vector<Value> from_text(const std::string& text);

}  // namespace sluice::journal::golden
