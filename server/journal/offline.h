// What can be done with a data directory that no server uses. A kill at any moment leaves the store that was there before, or
// the one that is meant to be there afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "absl/status/statusor.h"
#include "server/journal/inspection.h"
#include "server/model/record.h"

namespace sluice::journal {

// Gets every record of a store in load order (journal.h), and says whether they fit together.
using Check = std::function<absl::Status(model::Record&&)>;
// A new one for each store that is read.
using MakeCheck = std::function<Check()>;

// FAILED_PRECONDITION while a server uses the directory, NOT_FOUND if there is no store in it. Changes nothing, not even
// in a directory that cannot be written to.
absl::StatusOr<Inspection> inspect_directory(const std::filesystem::path& directory);

struct Sizes {
  std::uint64_t before = 0;  // of the file, bytes
  std::uint64_t after = 0;
};

// Writes the store anew without the room that finished items left, checks that it reads like the old one, and puts it in its
// place. Needs as much disk besides as the store holds. `max_bytes` as in LmdbOptions.
absl::StatusOr<Sizes> compact_directory(const std::filesystem::path& directory, std::size_t max_bytes,
                                        const MakeCheck& make_check);

// Puts the store in `backup`, a file that a backup or a data directory holds, into `directory`. It is read, copied and read
// again before it replaces anything. FAILED_PRECONDITION if the directory holds a store with anything in it, unless
// `overwrite`.
absl::Status restore_directory(const std::filesystem::path& backup, const std::filesystem::path& directory,
                               std::size_t max_bytes, bool overwrite, const MakeCheck& make_check);

}  // namespace sluice::journal
