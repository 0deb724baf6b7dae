#include "server/admin/connection.h"

#include <sys/socket.h>

#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include "server/admin/problem.h"
#include "server/log/log.h"

namespace sluice::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using base::Reason;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kFirstBytes = 4096;
constexpr std::chrono::seconds kLinger{1};
constexpr std::size_t kMaxLingerBytes = 256UL << 10;

constexpr std::pair<std::string_view, std::string_view> kSafety[] = {
    {"Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

beast::string_view for_beast(std::string_view text) { return {text.data(), text.size()}; }

template <class Fields>
std::string field(const Fields& fields, http::field name) {
  const auto value = fields[name];
  return {value.data(), value.size()};
}

std::optional<Request> request_of(const http::request<http::string_body>& message) {
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return std::nullopt;
  Request request;
  request.method = message.method() == http::verb::head ? "GET" : std::string(message.method_string());
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.body = message.body();
  request.host = field(message, http::field::host);
  request.origin = field(message, http::field::origin);
  const auto site = message["Sec-Fetch-Site"];
  request.fetch_site.assign(site.data(), site.size());
  request.content_type = field(message, http::field::content_type);
  request.authorization = field(message, http::field::authorization);
  request.if_none_match = field(message, http::field::if_none_match);
  return request;
}

// What a client hears whose request could not be read; none if there is nobody to hear it.
std::optional<Response> complaint(const beast::error_code& error, const HttpLimits& limits) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return problem(431, Reason::kMalformedRequest, fmt::format("the header is larger than {} bytes", limits.header_bytes));
  }
  if (error == http::error::body_limit) {
    return problem(413, Reason::kMalformedRequest, fmt::format("the body is larger than {} bytes", limits.body_bytes));
  }
  if (error == beast::error::timeout) return std::nullopt;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() != http::make_error_code(http::error::bad_version).category()) return std::nullopt;
  return problem(400, Reason::kMalformedRequest, fmt::format("this is no HTTP/1.1 request: {}", error.message()));
}

template <class Message>
void set_headers(Message& message, const Response& response) {
  message.set(http::field::content_type, for_beast(response.content_type));
  for (const auto& [name, value] : kSafety) message.set(for_beast(name), for_beast(value));
  for (const auto& [name, value] : response.headers) message.set(for_beast(name), for_beast(value));
}

// Being in the list of all, however it ends.
class Membership {
 public:
  Membership(std::list<Connection*>& all, Connection* self) : all_(all), place_(all.insert(all.end(), self)) {}
  ~Membership() { all_.erase(place_); }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

 private:
  std::list<Connection*>& all_;
  const std::list<Connection*>::iterator place_;
};

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, Connections& connections)
    : connections_(connections),
      stream_(std::move(socket)),
      buffer_(connections.limits.header_bytes + connections.limits.body_bytes + kFirstBytes),
      timer_(stream_.get_executor()) {}

void Connection::close() {
  closed_ = true;
  be_heard();
  stream_.close();
  timer_.cancel();
}

void Connection::be_silent() { in_silent_ = connections_.silent.insert(connections_.silent.end(), this); }

void Connection::be_heard() {
  if (in_silent_) connections_.silent.erase(*in_silent_);
  in_silent_.reset();
}

asio::awaitable<void> Connection::run() {
  const Membership member(connections_.all, this);
  for (bool more = true; more && !closed_;) {
    more = co_await wait_for_request();
    if (more) {
      more = co_await serve_one();
    }
  }
  if (!closed_) close();
}

asio::awaitable<bool> Connection::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  be_silent();
  stream_.expires_after(connections_.limits.idle);
  const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(kFirstBytes), kTuple);
  be_heard();
  if (error) co_return false;
  buffer_.commit(count);
  co_return true;
}

asio::awaitable<bool> Connection::serve_one() {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(connections_.limits.header_bytes));
  parser.body_limit(connections_.limits.body_bytes);
  // One time-out for all of it: whoever sends byte by byte does not get more.
  stream_.expires_after(connections_.limits.request);
  const auto [error, count] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  if (error) {
    if (auto told = complaint(error, connections_.limits)) {
      if (co_await write(*std::move(told), false, false)) co_await linger();
    }
    co_return false;
  }
  const auto& message = parser.get();
  const bool keep_alive = message.keep_alive();
  const bool head = message.method() == http::verb::head;
  // Which of two names counts is what those who stand in between may see otherwise.
  if (message.count(http::field::host) > 1) {
    co_await write(problem(400, Reason::kMalformedRequest, "there is more than one Host in the header"), false, head);
    co_return false;
  }
  const auto request = request_of(message);
  if (!request) {
    co_await write(problem(400, Reason::kMalformedRequest, "the path is not percent-encoded as it should be"), false, head);
    co_return false;
  }
  Response response = co_await answer_to(*request);
  if (closed_) co_return false;
  if (response.events && !head) {
    co_await write_events(std::move(response));
    co_return false;
  }
  const bool written = co_await write(std::move(response), keep_alive, head);
  co_return written&& keep_alive;
}

asio::awaitable<Response> Connection::answer_to(const Request& request) {
  response_.reset();
  timer_.expires_after(connections_.limits.answer);
  const Reply reply = [self = shared_from_this(), number = ++asked_](Response response) {
    asio::post(self->timer_.get_executor(), [self, number, response = std::move(response)]() mutable {
      if (number != self->asked_) return;
      self->response_ = std::move(response);
      self->timer_.cancel();
    });
  };
  try {
    connections_.handler(request, reply);
  } catch (const std::exception& exception) {
    log::error("a request to the admin endpoint failed", {{"path", request.path}, {"error", exception.what()}});
    co_return problem(500, Reason::kInternal, "a defect of the server; its log says more");
  }
  co_await timer_.async_wait(kTuple);
  ++asked_;  // what comes now is too late
  if (response_) co_return *std::move(response_);
  co_return problem(504, Reason::kInternal,
                    "the server has not answered in time; what was asked for may still happen, so look before asking again");
}

asio::awaitable<bool> Connection::write(Response response, bool keep_alive, bool head) {
  http::response<http::string_body> message{static_cast<http::status>(response.status), 11};
  set_headers(message, response);
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());
  if (!head) message.body() = std::move(response.body);
  http::response_serializer<http::string_body> serializer(message);
  stream_.expires_after(connections_.limits.write);
  beast::error_code error;
  if (head) {
    std::tie(error, std::ignore) = co_await http::async_write_header(stream_, serializer, kTuple);
  } else {
    std::tie(error, std::ignore) = co_await http::async_write(stream_, serializer, kTuple);
  }
  co_return !error;
}

asio::awaitable<bool> Connection::write_text(const std::string& text) {
  stream_.expires_after(connections_.limits.write);
  const auto [error, count] = co_await asio::async_write(stream_, asio::buffer(text), kTuple);
  co_return !error;
}

asio::awaitable<void> Connection::write_events(Response response) {
  http::response<http::empty_body> head{http::status::ok, 11};
  set_headers(head, response);
  // Without a length, the end of the connection is the end of the stream: also for proxies that know nothing of events.
  head.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(head);
  stream_.expires_after(connections_.limits.write);
  const auto [error, count] = co_await http::async_write_header(stream_, serializer, kTuple);
  if (error || !co_await write_text(response.body)) co_return;
  auto last = std::chrono::steady_clock::now();
  while (!closed_ && !client_has_gone()) {
    std::string text = response.events->next();
    const auto now = std::chrono::steady_clock::now();
    if (text.empty() && now - last >= connections_.limits.event_ping) text = ": still here\n\n";
    if (!text.empty()) {
      if (!co_await write_text(text)) co_return;
      last = std::chrono::steady_clock::now();
    }
    if (closed_) co_return;
    timer_.expires_after(connections_.limits.event_interval);
    co_await timer_.async_wait(kTuple);
  }
}

bool Connection::client_has_gone() {
  char ignored = 0;
  return ::recv(stream_.socket().native_handle(), &ignored, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

asio::awaitable<void> Connection::linger() {
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLinger);
  for (std::size_t all = 0; all < kMaxLingerBytes;) {
    buffer_.clear();
    const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(kFirstBytes), kTuple);
    if (error) co_return;
    all += count;
  }
}

}  // namespace sluice::admin
