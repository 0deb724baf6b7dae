// The streamed life of jobs: put, handed out, ended, over Produce and Consume.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/channel.h>

namespace sluice::bench {

struct StreamLoad {
  std::string queue;
  std::uint64_t jobs = 0;  // of each producer
  std::size_t payload_bytes = 100;
  int producers = 1;
  int consumers = 1;
  std::uint32_t batch = 1'000;    // items in a message at most
  std::uint32_t window = 10'000;  // items of a producer that are not acknowledged yet, at most
  std::uint32_t credit = 10'000;  // of a consumer
};

// Runs it to its end, over a connection each; returns the number of jobs. Throws std::runtime_error when a stream breaks.
std::uint64_t run(const std::string& address, const StreamLoad& load);

// Only puts, and leaves the queue open.
std::uint64_t put_only(const std::string& address, const StreamLoad& load);

// Creates a queue with a name of its own. As all below: throws std::runtime_error when it is refused.
std::string new_queue(const std::string& address, std::uint32_t capacity);
std::string new_queue(const std::shared_ptr<grpc::Channel>& channel, std::uint32_t capacity);
void delete_queue(const std::string& address, const std::string& queue);

// A connection of its own, however many there are to the same address.
std::shared_ptr<grpc::Channel> new_channel(const std::string& address);

}  // namespace sluice::bench
