#include "server/admin/http_server.h"

#include <thread>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/admin/connection.h"
#include "server/base/errors.h"
#include "server/log/log.h"

namespace sluice::admin {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Reason;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

absl::Status cannot_listen(const std::string& address, const boost::system::error_code& error) {
  return base::error(
      Reason::kCannotListen,
      fmt::format("cannot listen on {} for the admin endpoint: {}. Stop what uses it, or listen elsewhere (--admin)", address,
                  error.message()));
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpLimits& limits, HttpHandler handler)
      : connections_{limits, std::move(handler), {}, {}}, acceptor_(io_), pause_(io_) {}
  ~Impl() { stop(); }

  absl::StatusOr<int> start(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) return base::error(Reason::kInvalidValue, fmt::format("{} is not host:port", address));
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto found = tcp::resolver(io_).resolve(host, address.substr(colon + 1), tcp::resolver::passive, error);
    if (error) return cannot_listen(address, error);
    for (const auto& each : found) {
      error = listen(each.endpoint());
      if (!error) break;
    }
    if (error) return cannot_listen(address, error);
    const int port = acceptor_.local_endpoint().port();
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return port;
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
      for (Connection* each : connections_.all) each->close();
    });
    thread_.join();
  }

 private:
  boost::system::error_code listen(const tcp::endpoint& endpoint) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    boost::system::error_code ignored;
    if (error) acceptor_.close(ignored);
    return error;
  }

  asio::awaitable<void> accept() {
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(kTuple);
      if (!acceptor_.is_open()) co_return;
      if (error) {
        log::warn("the admin endpoint cannot accept a connection", {{"error", error.message()}});
        pause_.expires_after(limits::kAdminAcceptPause);
        co_await pause_.async_wait(kTuple);
      } else if (make_room()) {
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto connection = std::make_shared<Connection>(std::move(socket), connections_);
        asio::co_spawn(
            io_, [connection] { return connection->run(); }, asio::detached);
      }
    }
  }

  // True if one more may come.
  bool make_room() {
    // Those that are closed leave the list of the silent at once, and that of all soon.
    if (connections_.all.size() < connections_.limits.connections) return true;
    if (connections_.silent.empty()) return false;
    connections_.silent.front()->close();
    return true;
  }

  Connections connections_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::thread thread_;
};

HttpServer::HttpServer(const HttpLimits& limits, HttpHandler handler)
    : impl_(std::make_unique<Impl>(limits, std::move(handler))) {}
HttpServer::~HttpServer() = default;
absl::StatusOr<int> HttpServer::start(const std::string& address) { return impl_->start(address); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace sluice::admin
