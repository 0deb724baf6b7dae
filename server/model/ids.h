// Identifiers. Each is a type of its own, so that none is taken for another.
#pragma once

#include <cstdint>

namespace sluice::model {

// Unique in a data directory, growing in order of arrival. 0 is none.
enum class ItemId : std::uint64_t {};
// Unique in a data directory, never reused: a later one voids every earlier one of the same item. 0 is none.
enum class LeaseId : std::uint64_t {};

// Unique in a data directory, never reused, so that a queue created anew under an old name is another one. 0 is none.
enum class QueueId : std::uint32_t {};

// Unique while the server runs, growing in order of attachment. 0 is none.
enum class WorkerId : std::uint64_t {};

// The id of the item that it was submitted as. 0 is none.
enum class JobId : std::uint64_t {};
// The id of its first job. 0 is none.
enum class BatchId : std::uint64_t {};

template <class Id>
constexpr std::uint64_t number(Id id) {
  return static_cast<std::uint64_t>(id);
}

}  // namespace sluice::model
