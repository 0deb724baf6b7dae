#include "server/rpc/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/base/leftover.h"

namespace sluice::rpc {
namespace {

using base::Reason;

struct HostAndPort {
  std::string host;
  std::string port;
};

std::optional<HostAndPort> split(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  std::uint16_t number = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) return std::nullopt;
  return HostAndPort{std::string(host), std::string(port)};
}

// 0, or why a socket cannot be bound there.
int bind_error(const addrinfo& where) {
  const int fd = socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC, where.ai_protocol);
  if (fd < 0) return errno;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool listens = bind(fd, where.ai_addr, where.ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int error = listens ? 0 : errno;
  close(fd);
  return error;
}

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// None: `failed` says why.
AddressList look_up(const HostAndPort& address, int& failed) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  failed = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  return {failed == 0 ? found : nullptr, freeaddrinfo};
}

// Of the first address that has one, or 0.
int bind_error(const AddressList& list) {
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    if (const int error = bind_error(*each); error != 0) return error;
  }
  return 0;
}

std::string cause(const HostAndPort& address) {
  int failed = 0;
  const AddressList list = look_up(address, failed);
  if (failed != 0) return gai_strerror(failed);
  const int error = bind_error(list);
  return error != 0 ? std::strerror(error) : "gRPC gave no reason";
}

}  // namespace

absl::Status check_listen_address(const std::string& address) {
  if (split(address)) return absl::OkStatus();
  return base::error(Reason::kInvalidValue,
                     fmt::format("the address to listen on, \"{}\", is not host:port with a port of 0 to 65535", address));
}

void wait_for_address(const std::string& address) {
  const auto parts = split(address);
  if (!parts) return;
  int failed = 0;
  const AddressList list = look_up(*parts, failed);
  (void)base::held_for_long([&] { return bind_error(list) == EADDRINUSE; });
}

absl::Status why_not_listening(const std::string& address) {
  const auto parts = split(address);
  if (!parts) return check_listen_address(address);
  return base::error(Reason::kCannotListen,
                     fmt::format("cannot listen on {}: {}. Stop what uses it, or listen elsewhere", address, cause(*parts)));
}

}  // namespace sluice::rpc
