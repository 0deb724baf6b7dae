// What the disk can do, without sluiced.
#pragma once

#include <filesystem>

namespace sluice::bench {

// Median time in microseconds of one appended block of 4 KiB with fdatasync.
double sync_us(const std::filesystem::path& directory);
// Median time in microseconds of one LMDB transaction that stores one item of 150 bytes, synced.
double lmdb_commit_us(const std::filesystem::path& directory);

}  // namespace sluice::bench
