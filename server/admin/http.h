// Requests and answers as the routes see them. Nothing here knows the network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::admin {

struct Request {
  std::string method;  // "GET"; a HEAD comes as GET
  std::string path;    // as it was sent, without the query: "/api/v1/queues/a%2Fb"
  std::map<std::string, std::string, std::less<>> query;
  std::string body;
  // Headers that matter; empty where there is none.
  std::string host;
  std::string origin;
  std::string fetch_site;  // Sec-Fetch-Site
  std::string content_type;
  std::string authorization;
  std::string if_none_match;
};

// What a stream of events says next. Used by one connection.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // Text to send now; empty if there is no news. Called when all before it has been written and limits::kEventInterval is over.
  virtual std::string next() = 0;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides those that every answer has
  // If there is one, the answer is a stream of events and `body` its beginning.
  std::unique_ptr<EventSource> events;
};

// Gives the answer to a request, once, on any thread, at once or later.
using Reply = std::function<void(Response)>;

// The path's part and the parameters of "/a/b?c=d&e". None if something is not encoded as it should be.
struct Target {
  std::string path;
  std::map<std::string, std::string, std::less<>> query;
};
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

// "a%2Fb" -> "a/b". None for a % that two hex digits do not follow.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace sluice::admin
