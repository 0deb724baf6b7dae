// What the files of the LMDB store share.
#pragma once

#include <lmdb.h>

#include <string_view>

#include "server/journal/frame.h"

namespace sluice::journal {

inline constexpr std::string_view kDigestKey = "digest";

constexpr std::size_t index(Table table) { return static_cast<std::size_t>(table); }

inline MDB_val val(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
inline std::string_view view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

}  // namespace sluice::journal
