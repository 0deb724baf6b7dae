// The table of routes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/admin/http.h"

namespace sluice::admin {

// A request with what the path's variable parts stand for: "/api/v1/queues/{queue}" gives {"queue": "tasks"}, decoded.
struct Match {
  const Request& request;
  std::map<std::string, std::string, std::less<>> parts;

  // "" if there is none.
  [[nodiscard]] const std::string& part(std::string_view name) const;
  [[nodiscard]] const std::string& query(std::string_view name) const;
};

// Filled first, by one thread; then read by any.
class Router {
 public:
  using Answer = std::function<Response(const Match&)>;
  using LateAnswer = std::function<void(const Match&, Reply)>;

  // `pattern` is a path whose parts in braces match anything but nothing.
  void add(std::string method, std::string_view pattern, Answer answer);
  // For an answer that must be waited for.
  void add_late(std::string method, std::string_view pattern, LateAnswer answer);

  // NO_SUCH_PAGE; METHOD_NOT_ALLOWED with the header Allow; MALFORMED_REQUEST for a path that is wrongly encoded.
  void route(const Request& request, Reply reply) const;

  // "GET /healthz", in the order of adding.
  [[nodiscard]] std::vector<std::string> list() const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> parts;
    LateAnswer answer;
  };

  std::vector<Route> routes_;
};

}  // namespace sluice::admin
