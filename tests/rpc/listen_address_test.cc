#include "server/rpc/listen_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <string>
#include <thread>

#include <fmt/format.h>

namespace sluice::rpc {
namespace {

// A socket that listens on a port of its own, or on that of another one.
class Listener {
 public:
  explicit Listener(std::uint16_t port = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(where);
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    listens_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&where), length) == 0 && ::listen(fd_, 1) == 0;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &length);
    port_ = ntohs(where.sin_port);
  }
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] bool listens() const { return listens_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  bool listens_ = false;
  std::uint16_t port_ = 0;
};

TEST(ListenAddress, OneThatIsFreeInAMomentIsWaitedFor) {
  Listener first;
  ASSERT_TRUE(first.listens());
  std::latch asked(1);
  // As a child of a killed server does that was just being started.
  std::thread dying([&] {
    asked.wait();
    first.close();
  });
  asked.count_down();
  wait_for_address(first.address());
  EXPECT_TRUE(Listener(first.port()).listens());
  dying.join();
}

TEST(ListenAddress, OneThatStaysInUseIsNotWaitedForForEver) {
  const Listener first;
  ASSERT_TRUE(first.listens());
  wait_for_address(first.address());
  EXPECT_FALSE(Listener(first.port()).listens());
}

TEST(ListenAddress, WhatCannotBeListenedOnIsNotWaitedFor) {
  wait_for_address("127.0.0.1:0");
  wait_for_address("no address");
  wait_for_address("192.0.2.1:7410");  // of a network for documentation: not this machine's
  EXPECT_TRUE(check_listen_address("127.0.0.1:0").ok());
  EXPECT_FALSE(check_listen_address("no address").ok());
}

}  // namespace
}  // namespace sluice::rpc
