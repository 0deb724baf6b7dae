// How a stored value looks: one byte of schema version, eight bytes of checksum (little-endian), then the message.
//
// The checksum is XXH3 (64 bits) over table, key, version and message, so that a value that lies under a wrong key is found
// out too. It also feeds the digest of the whole store (lmdb_store.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <google/protobuf/message_lite.h>

namespace sluice::journal {

// Part of the checksum: never renumber.
enum class Table : std::uint8_t {
  kMeta = 1,
  kQueues,
  kCounters,
  kItems,
  kBodies,
  kRequests,
  kPipelines,
  kJobs,
  kBatches,
  kLimits,
  kSchedules
};
inline constexpr std::size_t kTables = 11;
// The tables that every store has; an older one lacks the others until a server opens it.
inline constexpr std::size_t kFirstTables = 7;

// Grows when a reader of the version before could not make sense of a record. A reader takes all versions up to its own.
inline constexpr std::uint8_t kSchemaVersion = 3;
inline constexpr std::size_t kFrameBytes = 9;

// What `message` needs as a value. Calling it also prepares the message for write_frame.
[[nodiscard]] std::size_t framed_size(const google::protobuf::MessageLite& message);
// Writes the value; `out` has framed_size() bytes. Returns its checksum.
std::uint64_t write_frame(Table table, std::string_view key, const google::protobuf::MessageLite& message, std::span<char> out);

// The checksum that a value carries, unchecked; 0 if it is too short to carry any.
[[nodiscard]] std::uint64_t checksum_in(std::string_view value);
// The schema version that a value carries, unchecked; 0 if it is too short to carry any.
[[nodiscard]] std::uint8_t version_in(std::string_view value);
// What is wrong with a value that is not damaged.
inline constexpr std::string_view kWrittenByNewer = "a newer version of sluiced wrote it";
// Checks a value. Empty when all is well, else what is wrong with it.
[[nodiscard]] std::optional<std::string_view> check_frame(Table table, std::string_view key, std::string_view value);
// The same, and reads it into `message`.
[[nodiscard]] std::optional<std::string_view> read_frame(Table table, std::string_view key, std::string_view value,
                                                         google::protobuf::MessageLite& message);

}  // namespace sluice::journal
