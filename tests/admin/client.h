// A client that speaks HTTP as badly as a test wants.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::admin {

// Nothing waits for as long unless it is broken.
inline constexpr std::chrono::seconds kPatience{60};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One connection to a server on this machine. Throws std::runtime_error when it takes longer than kPatience.
class Client {
 public:
  explicit Client(int port);
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;

  // False if the other end is closed.
  bool send(std::string_view bytes);
  // All that comes until there are `count` bytes, or the other end is closed.
  std::string receive(std::size_t count);
  // All that comes until `text` does; without it if the other end is closed before.
  std::string receive_until(std::string_view text);
  // True once the other end is closed; what comes before is dropped.
  bool wait_for_close();
  // Reads one answer; status 0 if the other end is closed before.
  Answer answer(bool without_body = false);

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
};

// One request on a connection of its own. `headers` are lines without their ends.
Answer ask(int port, const std::string& method, const std::string& target, const std::string& body = {},
           const std::vector<std::string>& headers = {});
Answer get(int port, const std::string& target);
// With the content type that actions need.
Answer post(int port, const std::string& target, const std::string& body = {});

}  // namespace sluice::admin
