#include "server/wire/call_fields.h"

#include <fmt/format.h>

namespace sluice::wire {
namespace {

constexpr Field kRequest;

}  // namespace

bool check_batch(Reader& reader, std::string_view field, int size) {
  const auto most = static_cast<int>(limits::kMaxBatch);
  if (size >= 1 && size <= most) return reader.ok();
  reader.complain(base::Reason::kInvalidValue, {kRequest, field},
                  fmt::format("has {} entries; 1 to {} are allowed", size, most));
  return false;
}

std::string read_request_id(Reader& reader, const std::string& request_id) {
  return reader.text({kRequest, "request_id"}, request_id, limits::kMaxRequestIdBytes);
}

}  // namespace sluice::wire
