// A named pipe between a test and the child processes that it makes the server run: a child that reads from it waits for the
// test, and what a child writes the test waits for.
#pragma once

#include <filesystem>
#include <string>

namespace sluice::e2e {

class Fifo {
 public:
  // Makes it; the directory is there.
  explicit Fifo(const std::filesystem::path& path);
  ~Fifo();
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  // One line, for one "read" of a shell, whether it waits already or comes later.
  void write_line(const std::string& line = {});
  // The next line; empty if none comes within kPatience.
  std::string read_line();

 private:
  int file_;
};

}  // namespace sluice::e2e
