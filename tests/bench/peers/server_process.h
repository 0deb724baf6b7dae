// A peer's server as a child process: in a directory of its own, which goes with it, and on a free port of loopback. The
// destructor ends it; so does the death of the bench. To be made on a thread that outlives it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sluice::bench {

class ServerProcess {
 public:
  struct Place {
    std::uint16_t port = 0;
    std::filesystem::path directory;
  };
  // Starts what `command` gives for a place, and waits until it accepts connections. Throws std::runtime_error with what it
  // wrote if it does not.
  explicit ServerProcess(const std::function<std::vector<std::string>(const Place&)>& command);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return place_.port; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  void start(std::vector<std::string> command);
  void wait_until_it_listens();
  void end();

  Place place_;
  pid_t pid_ = -1;
};

}  // namespace sluice::bench
