#include "tests/admin/client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace sluice::admin {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Answer parse_head(const std::string& head) {
  Answer answer;
  std::size_t at = head.find("\r\n");
  if (head.starts_with("HTTP/1.")) answer.status = std::stoi(head.substr(9, 3));
  while (at + 2 < head.size()) {
    const auto end = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, end - at - 2);
    const auto colon = line.find(": ");
    if (colon != std::string::npos) answer.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    at = end;
  }
  return answer;
}

}  // namespace

Client::Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Client::Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::fill() {
  pollfd poll_fd{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&poll_fd, 1, std::chrono::milliseconds(kPatience).count()) != 1) throw std::runtime_error("nothing came");
  std::array<char, 65536> bytes{};
  const auto count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::string Client::receive(std::size_t count) {
  while (buffer_.size() < count && fill()) {
  }
  std::string result = buffer_.substr(0, count);
  buffer_.erase(0, result.size());
  return result;
}

std::string Client::receive_until(std::string_view text) {
  std::size_t found = buffer_.find(text);
  while (found == std::string::npos && fill()) found = buffer_.find(text);
  return receive(found == std::string::npos ? buffer_.size() : found + text.size());
}

bool Client::wait_for_close() {
  while (fill()) buffer_.clear();
  return true;
}

Answer Client::answer(bool without_body) {
  Answer answer = parse_head(receive_until("\r\n\r\n"));
  const auto length = answer.headers.find("content-length");
  if (length != answer.headers.end() && !without_body) answer.body = receive(std::stoul(length->second));
  return answer;
}

Answer ask(int port, const std::string& method, const std::string& target, const std::string& body,
           const std::vector<std::string>& headers) {
  Client client(port);
  std::string text = fmt::format("{} {} HTTP/1.1\r\nContent-Length: {}\r\nConnection: close\r\n", method, target, body.size());
  const auto is_host = [](const std::string& header) { return header.starts_with("Host:"); };
  if (std::ranges::none_of(headers, is_host)) text += fmt::format("Host: 127.0.0.1:{}\r\n", port);
  for (const auto& header : headers) text += header + "\r\n";
  client.send(text + "\r\n" + body);
  return client.answer(method == "HEAD");
}

Answer get(int port, const std::string& target) { return ask(port, "GET", target); }

Answer post(int port, const std::string& target, const std::string& body) {
  return ask(port, "POST", target, body, {"Content-Type: application/json"});
}

}  // namespace sluice::admin
