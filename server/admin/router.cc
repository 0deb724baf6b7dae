#include "server/admin/router.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "server/admin/problem.h"

namespace sluice::admin {
namespace {

const std::string kNothing;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

bool is_variable(std::string_view part) { return part.starts_with('{'); }

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_variable(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

const std::string& found_or_nothing(const std::map<std::string, std::string, std::less<>>& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? kNothing : found->second;
}

Response not_allowed(const Request& request, const std::string& allowed) {
  auto response = problem(405, base::Reason::kMethodNotAllowed,
                          fmt::format("{} takes {}, and no {}", request.path, allowed, request.method));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

const std::string& Match::part(std::string_view name) const { return found_or_nothing(parts, name); }
const std::string& Match::query(std::string_view name) const { return found_or_nothing(request.query, name); }

void Router::add(std::string method, std::string_view pattern, Answer answer) {
  add_late(std::move(method), pattern,
           [answer = std::move(answer)](const Match& match, const Reply& reply) { reply(answer(match)); });
}

void Router::add_late(std::string method, std::string_view pattern, LateAnswer answer) {
  routes_.push_back({std::move(method), std::string(pattern), split(pattern), std::move(answer)});
}

void Router::route(const Request& request, Reply reply) const {
  const auto path = split(request.path);
  std::string allowed;
  for (const Route& route : routes_) {
    if (!fits(route.parts, path)) continue;
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
      continue;
    }
    Match match{request, {}};
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (!is_variable(route.parts[i])) continue;
      auto value = percent_decoded(path[i]);
      if (!value)
        return reply(problem(400, base::Reason::kMalformedRequest, "the path is not percent-encoded as it should be"));
      match.parts.emplace(route.parts[i].substr(1, route.parts[i].size() - 2), *std::move(value));
    }
    return route.answer(match, std::move(reply));
  }
  if (!allowed.empty()) return reply(not_allowed(request, allowed));
  reply(problem(404, base::Reason::kNoSuchPage,
                fmt::format("there is nothing at {}; /api/v1 lists what there is", request.path)));
}

std::vector<std::string> Router::list() const {
  std::vector<std::string> all;
  for (const Route& route : routes_) all.push_back(fmt::format("{} {}", route.method, route.pattern));
  return all;
}

}  // namespace sluice::admin
