// What one run is made of: the server's configuration, who produces and consumes, and what the checker has to know. All of it
// follows from the seed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash/checker/checker.h"

namespace sluice::crash {

enum class Shape {
  kServed,    // three stages whose workers are the server's own
  kRemote,    // three stages whose workers are clients that complete and put in one step
  kAttached,  // three stages of the server whose workers are remote ones
};
inline constexpr std::array kAllShapes = {Shape::kServed, Shape::kRemote, Shape::kAttached};
[[nodiscard]] const char* name_of(Shape shape);

// Of the server's stages, each of which has the name of its input.
inline constexpr const char* kPipeline = "flow";

// Long against a round trip, short against a run: some leases run out.
inline constexpr std::chrono::milliseconds kLease{300};

// Values come one to an item, or several in lines of one payload, which the server's second stage takes apart.
struct Producer {
  std::string name;
  std::string queue;
  std::uint32_t max_batch = 1;
  std::uint32_t max_lines = 1;
  // Some items ask the server's third stage for what it cannot do, which kills them at once.
  bool some_hopeless = false;
  // Some items have a time to live that may be over before somebody takes them.
  bool some_hurried = false;
  // Most items have keys, which are the producer's own, into a queue that is first in, first out.
  bool keyed = false;
  // As jobs, by themselves or in batches, of which some call back.
  bool submits = false;
  // Gives a call up when the server is gone, so that nobody knows what became of it. Others repeat it.
  bool careless = false;
  // Over Produce, a stream after the other. The only kind that goes on until its queue is closed, and tries it again then.
  bool streamed = false;
  bool until_closed = false;
};

struct Consumer {
  std::string name;
  std::string queue;
  std::string output;           // where it hands on to; empty: nowhere
  std::uint32_t max_batch = 1;  // of a stream, its credit
  bool troubled = true;         // some items fail, some are left to their leases, some streams vanish
  bool careless = false;
  bool streamed = false;  // over Consume, a stream after the other
  bool slow = false;      // over a stream: holds each item for some milliseconds
  bool attached = false;  // over Work instead, as a remote worker of the stage that reads the queue
  // So many leases at most are left to run out in one life of the server.
  static constexpr std::uint32_t kMaxAbandoned = 2;
  // So many streams at most vanish in one life of the server, whose items it may take a moment to miss.
  static constexpr std::uint32_t kMaxVanished = 2;
};

struct Setting {
  std::uint64_t seed = 0;
  std::string config;
  Plan plan;
  std::vector<Producer> producers;
  std::vector<Consumer> consumers;
  // A client that puts a few items, joins, and so on; a consumer finishes them.
  std::string joined_queue;
  // Where batches call back.
  std::string called_queue;
  // What is closed and joined at the end, one after the other; a pipeline first. What its close closes is named for the
  // checker.
  struct End {
    std::string name;
    bool pipeline = false;
    std::vector<std::string> also_closes = {};
  };
  std::vector<End> ends;
};

[[nodiscard]] Setting make_setting(Shape shape, std::uint64_t seed);

}  // namespace sluice::crash
