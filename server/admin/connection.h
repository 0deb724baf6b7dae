// One connection of a client: requests in, answers out, one after the other.
//
// Everything is on the server's one thread, except the replies, which come from any.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "server/admin/http_server.h"

namespace sluice::admin {

class Connection;

// What the connections of a server share. Outlives them.
struct Connections {
  const HttpLimits limits;
  const HttpHandler handler;
  std::list<Connection*> all;
  std::list<Connection*> silent;  // between two requests, the longest silent first
};

// Kept alive by its coroutine, and by a reply that is still to come.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Connections& connections);

  // Serves until either side ends it.
  boost::asio::awaitable<void> run();
  // Whatever it is at fails.
  void close();

 private:
  // False when no request comes any more.
  boost::asio::awaitable<bool> wait_for_request();
  // False when the connection is to end.
  boost::asio::awaitable<bool> serve_one();
  boost::asio::awaitable<Response> answer_to(const Request& request);
  boost::asio::awaitable<bool> write(Response response, bool keep_alive, bool head);
  boost::asio::awaitable<void> write_events(Response response);
  boost::asio::awaitable<bool> write_text(const std::string& text);
  // Lets the client read what it was told before it learns that the connection is gone.
  boost::asio::awaitable<void> linger();
  [[nodiscard]] bool client_has_gone();
  void be_silent();
  void be_heard();

  Connections& connections_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer timer_;
  std::uint64_t asked_ = 0;           // requests so far
  std::optional<Response> response_;  // to the last of them
  bool closed_ = false;
  std::optional<std::list<Connection*>::iterator> in_silent_;
};

}  // namespace sluice::admin
