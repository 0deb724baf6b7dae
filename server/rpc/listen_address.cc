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

std::string cause(const HostAndPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (failed != 0) return gai_strerror(failed);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, freeaddrinfo);
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    const int error = bind_error(*each);
    if (error != 0) return std::strerror(error);
  }
  return "gRPC gave no reason";
}

}  // namespace

absl::Status check_listen_address(const std::string& address) {
  if (split(address)) return absl::OkStatus();
  return base::error(Reason::kInvalidValue,
                     fmt::format("the address to listen on, \"{}\", is not host:port with a port of 0 to 65535", address));
}

absl::Status why_not_listening(const std::string& address) {
  const auto parts = split(address);
  if (!parts) return check_listen_address(address);
  return base::error(Reason::kCannotListen,
                     fmt::format("cannot listen on {}: {}. Stop what uses it, or listen elsewhere", address, cause(*parts)));
}

}  // namespace sluice::rpc
