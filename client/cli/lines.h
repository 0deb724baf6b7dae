// The lines of a file as they come.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>

namespace sluice::cli {

// Not thread-safe.
class Lines {
 public:
  // The file stays the caller's. `stop` ends a wait for the next line.
  Lines(int input, std::stop_token stop) : input_(input), stop_(std::move(stop)) {}

  // The next line without its end; false at the end of the file, or stopped. Error PAYLOAD_TOO_LARGE for one of more than 4
  // MiB, FILE where the file cannot be read.
  bool next(std::string& line);

 private:
  // Reads more; false at the end, or stopped.
  bool fill();

  const int input_;
  const std::stop_token stop_;
  std::string text_;
  std::size_t from_ = 0;  // of text_, what is not given yet
  std::uint64_t lines_ = 0;
};

}  // namespace sluice::cli
