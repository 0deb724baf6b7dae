#include "server/admin/guard.h"

#include <algorithm>
#include <cctype>

#include <arpa/inet.h>

#include <fmt/format.h>

#include "server/admin/problem.h"

namespace sluice::admin {
namespace {

using base::Reason;

constexpr std::string_view kBearer = "bearer ";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// "[::1]:7411" -> "[::1]", "localhost:7411" -> "localhost".
std::string_view without_port(std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

// A name can be pointed at this machine by whoever owns it; an address cannot.
bool is_address(const std::string& host) {
  in6_addr ignored{};
  if (host.starts_with('[') && host.ends_with(']'))
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &ignored) == 1;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

bool is_allowed_host(std::string_view header, const Access& access) {
  const std::string host = lower(without_port(header));
  // A client that does not say whom it asks is no browser.
  if (host.empty() || host == "localhost" || host.ends_with(".localhost") || is_address(host)) return true;
  return std::ranges::any_of(access.allowed_hosts, [&host](const std::string& name) { return lower(name) == host; });
}

bool is_own_page(const Request& request) {
  const std::string site = lower(request.fetch_site);
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  if (request.origin.empty()) return true;
  const std::string origin = lower(request.origin);
  const std::string host = lower(request.host);
  return !host.empty() && (origin == "http://" + host || origin == "https://" + host);
}

bool is_json(std::string_view content_type) {
  const std::string type = lower(content_type.substr(0, content_type.find(';')));
  return type.substr(0, type.find_last_not_of(" \t") + 1) == "application/json";
}

bool has_token(const Request& request, const std::string& token) {
  const std::string_view given = request.authorization;
  if (given.size() < kBearer.size() || lower(given.substr(0, kBearer.size())) != kBearer) return false;
  return equal_in_constant_time(given.substr(kBearer.size()), token);
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i] ^ other);
  }
  return difference == 0;
}

std::optional<Response> refuse_reading(const Request& request, const Access& access) {
  if (is_allowed_host(request.host, access)) return std::nullopt;
  return problem(403, Reason::kForbidden,
                 fmt::format("the host name \"{}\" is not allowed here; call the server by its address, or add the name to "
                             "admin.allowed_hosts",
                             without_port(request.host)));
}

std::optional<Response> refuse_acting(const Request& request, const Access& access) {
  if (auto refusal = refuse_reading(request, access)) return refusal;
  if (!is_own_page(request)) {
    return problem(403, Reason::kForbidden,
                   "the request comes from another site's page, and such pages may change nothing here");
  }
  if (!access.actions) {
    return problem(403, Reason::kForbidden, "actions are turned off in the server's configuration (admin.actions)");
  }
  if (!access.token.empty() && !has_token(request, access.token)) {
    auto response =
        problem(401, Reason::kUnauthenticated, "this needs the admin token; send it as Authorization: Bearer TOKEN");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"sluice\"");
    return response;
  }
  if (!is_json(request.content_type)) {
    return problem(415, Reason::kMalformedRequest, "the content type must be application/json, also where the body is empty");
  }
  return std::nullopt;
}

}  // namespace sluice::admin
