// Every line of a file descriptor as an item, over a stream.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "client/src/connection.h"

namespace sluice::cli {

// A queue that is full holds back the reading, and so whoever writes. A connection that breaks loses nothing and puts nothing
// twice (sluice/producer.h).
class StreamLines {
 public:
  // Each item is `model` with a line, without its newline, as the payload.
  StreamLines(std::shared_ptr<internal::Connection> connection, std::string queue, v1::NewItem model);

  // Reads to the end of `input`; returns when everything is acknowledged. Throws the Error that ended it, Cancelled after a
  // stop.
  void run(int input, const std::stop_token& stop);

  // To be asked after run(): items that the server has for good, and those whose answer was lost.
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::size_t uncertain() const { return uncertain_; }

 private:
  const std::shared_ptr<internal::Connection> connection_;
  const std::string queue_;
  const v1::NewItem model_;
  std::size_t acknowledged_ = 0;
  std::size_t uncertain_ = 0;
};

}  // namespace sluice::cli
