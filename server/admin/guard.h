// Who may ask, and who may act. Pure; thread-safe.
//
// Three things are kept out: pages of other sites that a browser on this machine has open (they can send requests, but neither
// choose the Host nor leave out the Origin), names of their own that such sites point at this machine (DNS rebinding), and
// whoever does not have the token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/admin/http.h"

namespace sluice::admin {

struct Access {
  bool actions = true;
  std::string token;                       // empty: none is asked for
  std::vector<std::string> allowed_hosts;  // besides localhost and addresses in digits
};

// A problem, or none: then the request may be answered.
[[nodiscard]] std::optional<Response> refuse_reading(const Request& request, const Access& access);
// The same for requests that change something.
[[nodiscard]] std::optional<Response> refuse_acting(const Request& request, const Access& access);

// Takes as long for any two texts of these lengths, whatever is in them.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sluice::admin
