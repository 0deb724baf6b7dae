#include "server/handlers/process/tail.h"

#include "server/handlers/utf8.h"

namespace sluice::handlers {

void Tail::append(std::string_view bytes) {
  if (bytes.size() > limit_) bytes.remove_prefix(bytes.size() - limit_);
  bytes_ += bytes;
  if (bytes_.size() > 2 * limit_) bytes_.erase(0, bytes_.size() - limit_);
}

std::string Tail::text() const {
  const std::string repaired = repair_utf8(last_characters(bytes_, limit_));
  return std::string(last_characters(repaired, limit_));
}

}  // namespace sluice::handlers
