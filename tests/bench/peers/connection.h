// A TCP connection of a load generator: what is said is gathered and leaves in one write, what comes is read in large pieces.
//
// One thread uses it. Nothing is ever lost to a full socket buffer at both ends: while the peer does not read, what it has
// written is taken in. Every wait has a deadline, after which std::runtime_error is thrown, as when the peer closes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

class Connection {
 public:
  // To 127.0.0.1, without Nagle's delay.
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Leaves with the next flush(), which comes by itself before a wait for input and when much has gathered.
  void say(std::string_view bytes);
  void flush();

  // The next line without its "\r\n"; the next `count` bytes. Valid until the next call.
  std::string_view line();
  std::string_view bytes(std::size_t count);

 private:
  // Waits for more input; throws when none comes.
  void more();
  bool take_what_is_there();
  // Makes room behind what was read, and returns how much there is.
  std::size_t room();
  [[nodiscard]] std::string_view input() const { return {in_.data() + read_, end_ - read_}; }

  int socket_ = -1;
  std::string out_;
  std::vector<char> in_;
  std::size_t read_ = 0;  // of in_, given out already
  std::size_t end_ = 0;   // of what came
};

}  // namespace sluice::bench
