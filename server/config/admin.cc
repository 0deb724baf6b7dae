#include "server/config/admin.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "proto/yaml/nearest.h"
#include "server/base/limits.h"
#include "server/config/address.h"

namespace sluice::config {
namespace {

bool is_printable(char c) { return c > ' ' && c < '\x7f'; }

void check_token(const std::string& path, const std::string& token, Complaints& complaints) {
  if (!token.empty() && token.size() <= limits::kMaxAdminTokenBytes && std::ranges::all_of(token, is_printable)) return;
  complaints.add(
      path, fmt::format("a token is 1 to {} printable characters of ASCII, without spaces; `openssl rand -hex 16` makes one",
                        limits::kMaxAdminTokenBytes));
}

// Its end of line is not part of the token.
std::string read_token(const std::filesystem::path& file, Complaints& complaints) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    complaints.add("admin.token_file", fmt::format("{} cannot be read", yaml::in_quotes(file.string())));
    return {};
  }
  std::string token(limits::kMaxAdminTokenBytes + 2, '\0');
  stream.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(stream.gcount()));
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  check_token("admin.token_file", token, complaints);
  return token;
}

bool is_host(const std::string& name) {
  const auto is_part = [](char c) { return is_printable(c) && std::string_view("/:@[]?#*").find(c) == std::string_view::npos; };
  return !name.empty() && std::ranges::all_of(name, is_part);
}

}  // namespace

AdminSettings check_admin(const v1::AdminConfig& config, const std::filesystem::path& directory, Complaints& complaints) {
  AdminSettings settings;
  if (!config.listen().empty()) settings.listen = config.listen() == "none" ? "" : config.listen();
  if (!settings.listen.empty() && !is_host_and_port(settings.listen)) {
    complaints.add("admin.listen",
                   fmt::format("{} is not HOST:PORT; write it as in {}, or [::1]:7411, or none for no admin endpoint",
                               yaml::in_quotes(settings.listen), kDefaultAdmin));
  }
  if (config.has_actions()) settings.actions = config.actions();
  if (!config.token().empty() && !config.token_file().empty()) {
    complaints.add("admin.token_file", "the token is given already, by admin.token; leave one of them out");
  } else if (!config.token().empty()) {
    settings.token = config.token();
    check_token("admin.token", settings.token, complaints);
  } else if (!config.token_file().empty()) {
    settings.token = read_token(directory / config.token_file(), complaints);
  }
  for (int i = 0; i < config.allowed_hosts_size(); ++i) {
    const auto& name = config.allowed_hosts(i);
    if (!is_host(name)) {
      complaints.add(
          fmt::format("admin.allowed_hosts[{}]", i),
          fmt::format("{} is no host name; write it without scheme and port, as in sluice.example", yaml::in_quotes(name)));
    }
    settings.allowed_hosts.push_back(name);
  }
  return settings;
}

std::optional<std::string> admin_warning(const AdminSettings& settings) {
  if (settings.listen.empty() || !settings.actions || !settings.token.empty() || is_loopback(settings.listen))
    return std::nullopt;
  return fmt::format("admin: whoever reaches {} can pause, close and purge queues; set admin.token, or admin.actions: false",
                     settings.listen);
}

}  // namespace sluice::config
