// Addresses to listen on, as users write them.
#pragma once

#include <string_view>

namespace sluice::config {

// "127.0.0.1:7410", "localhost:0", "[::1]:7410".
[[nodiscard]] bool is_host_and_port(std::string_view text);
// Whether only this machine can reach it: localhost, 127.x.x.x, [::1].
[[nodiscard]] bool is_loopback(std::string_view host_and_port);

}  // namespace sluice::config
