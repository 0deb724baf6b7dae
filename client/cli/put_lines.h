// Every line of a file descriptor as an item, in calls of many, whose wait for room can be bounded.
//
// While one call is under way, what is read meanwhile gathers for the next: few calls when lines come fast, no delay when they
// come slowly. Memory is bounded: a queue that is full holds back the reading, and so whoever writes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "client/src/connection.h"

namespace sluice::cli {

class PutLines {
 public:
  // Each item is `model` with a line, without its newline, as the payload.
  PutLines(std::shared_ptr<internal::Connection> connection, std::string queue, v1::NewItem model,
           std::optional<Duration> max_wait);

  // Reads to the end of `input`; returns when everything is acknowledged. Throws the Error that ended it, Cancelled after a
  // stop.
  void run(int input, const std::stop_token& stop);

  // To be asked after run(): items that the server has for good, and those whose answer was lost.
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::size_t uncertain() const { return uncertain_; }

 private:
  void read_all(int input, int stopped);
  // Cuts complete lines off the front of `text`.
  void take_lines(std::string& text);
  // Waits for room.
  void add(std::string_view line);
  void send_all();
  void send(std::vector<v1::NewItem> items);
  void learn_capacity();

  const std::shared_ptr<internal::Connection> connection_;
  const std::string queue_;
  const v1::NewItem model_;
  const std::optional<Duration> max_wait_;
  std::size_t most_ = 0;  // items in one call
  std::stop_source stop_;
  std::size_t lines_read_ = 0;

  // Only the sender's while it runs.
  std::size_t acknowledged_ = 0;
  std::size_t uncertain_ = 0;
  std::exception_ptr error_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<v1::NewItem> gathered_;  // guarded by mutex_, as the next two
  std::size_t gathered_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace sluice::cli
