// The handlers that stages can name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/handlers/handler.h"

namespace sluice::handlers {

// Filled before the server starts, read-only afterwards: then thread-safe.
class Registry {
 public:
  // INVALID_NAME for a name that a queue could not have, INVALID_VALUE for one that is taken.
  absl::Status add(std::string name, std::shared_ptr<Handler> handler);

  // Null if there is none of this name.
  [[nodiscard]] std::shared_ptr<Handler> find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::shared_ptr<Handler>, std::less<>>& all() const { return handlers_; }

 private:
  std::map<std::string, std::shared_ptr<Handler>, std::less<>> handlers_;
};

}  // namespace sluice::handlers
