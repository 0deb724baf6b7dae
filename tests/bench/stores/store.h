// A bare store under the records that a queue's life writes, so that the choice of store can be measured again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace sluice::bench {

// What one group commit writes about items: the state is what a lease rewrites, the body is written once.
struct Group {
  std::span<const std::uint64_t> put;     // state and body
  std::span<const std::uint64_t> leased;  // state again
  std::span<const std::uint64_t> done;    // both deleted
};

inline constexpr std::size_t kStateBytes = 45;  // as the journal writes them, frame and all
inline constexpr std::size_t kBodyBytes = 115;  // of a payload of 100 bytes

class Store {
 public:
  virtual ~Store() = default;
  // One durable transaction. Throws std::runtime_error.
  virtual void commit(const Group& group) = 0;
  // Reads everything; returns the number of bodies.
  virtual std::uint64_t scan() = 0;
};

std::unique_ptr<Store> new_lmdb(const std::filesystem::path& directory);
// WAL with synchronous=FULL.
std::unique_ptr<Store> new_sqlite(const std::filesystem::path& directory);

}  // namespace sluice::bench
