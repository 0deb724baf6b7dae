#include "server/handlers/registry.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/base/limits.h"

namespace sluice::handlers {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_name(std::string_view name) {
  constexpr std::string_view kOthers = "._-:/";
  return !name.empty() && name.size() <= limits::kMaxNameBytes && is_alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_alphanumeric(c) || kOthers.find(c) != kOthers.npos; });
}

}  // namespace

absl::Status Registry::add(std::string name, std::shared_ptr<Handler> handler) {
  if (!is_name(name)) {
    return base::error(
        base::Reason::kInvalidName,
        fmt::format("handler name \"{}\": 1 to {} characters of A-Z a-z 0-9 . _ - : /, the first a letter or digit",
                    std::string_view(name).substr(0, limits::kMaxNameBytes), limits::kMaxNameBytes));
  }
  const auto [place, is_new] = handlers_.try_emplace(std::move(name));
  if (!is_new) {
    return base::error(base::Reason::kInvalidValue,
                       fmt::format("there is a handler \"{}\" already; give this one another name", place->first));
  }
  place->second = std::move(handler);
  return absl::OkStatus();
}

std::shared_ptr<Handler> Registry::find(std::string_view name) const {
  const auto found = handlers_.find(name);
  return found == handlers_.end() ? nullptr : found->second;
}

}  // namespace sluice::handlers
