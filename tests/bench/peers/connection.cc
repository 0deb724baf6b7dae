#include "tests/bench/peers/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr int kPatienceSeconds = 30;
constexpr std::size_t kFlushBytes = 64 << 10;
constexpr std::size_t kReadBytes = 256 << 10;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string("connection to a peer: ") + what); }

}  // namespace

Connection::Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    if (socket_ >= 0) ::close(socket_);
    fail("refused");
  }
}

Connection::~Connection() { ::close(socket_); }

void Connection::say(std::string_view bytes) {
  out_.append(bytes);
  if (out_.size() >= kFlushBytes) flush();
}

void Connection::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t count = ::send(socket_, out_.data() + sent, out_.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) fail("cannot write");
    pollfd ready{.fd = socket_, .events = POLLIN | POLLOUT, .revents = 0};
    if (::poll(&ready, 1, kPatienceSeconds * 1'000) <= 0) fail("reads nothing any more");
    if ((ready.revents & POLLIN) != 0 && !take_what_is_there()) fail("closed");
  }
  out_.clear();
}

std::size_t Connection::room() {
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(read_), in_.begin() + static_cast<std::ptrdiff_t>(end_), in_.begin());
  end_ -= read_;
  read_ = 0;
  if (in_.size() - end_ < kReadBytes) in_.resize(end_ + kReadBytes);
  return in_.size() - end_;
}

bool Connection::take_what_is_there() {
  const std::size_t most = room();
  const ssize_t count = ::recv(socket_, in_.data() + end_, most, MSG_DONTWAIT);
  if (count > 0) end_ += static_cast<std::size_t>(count);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

void Connection::more() {
  flush();
  const std::size_t most = room();
  ssize_t count = 0;
  do count = ::recv(socket_, in_.data() + end_, most, 0);
  while (count < 0 && errno == EINTR);
  if (count == 0) fail("closed");
  if (count < 0) fail(errno == EAGAIN ? "no answer" : "cannot read");
  end_ += static_cast<std::size_t>(count);
}

std::string_view Connection::line() {
  constexpr std::string_view kEnd = "\r\n";
  std::size_t length = input().find(kEnd);
  while (length == std::string_view::npos) {
    more();
    length = input().find(kEnd);
  }
  const auto line = input().substr(0, length);
  read_ += length + kEnd.size();
  return line;
}

std::string_view Connection::bytes(std::size_t count) {
  while (end_ - read_ < count) more();
  const auto bytes = input().substr(0, count);
  read_ += count;
  return bytes;
}

}  // namespace sluice::bench
