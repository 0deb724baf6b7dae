// Fields that many requests have in common. Pure; thread-safe.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "server/base/limits.h"
#include "server/wire/reader.h"

namespace sluice::wire {

// When a call came, and when its caller loses interest. A wait ends at the earlier of the request's max_wait and the deadline,
// so that nothing happens for a caller that has given up.
struct CallTime {
  base::Time now;
  base::Time deadline = base::kNever;
};

// Complains, and returns false, if there are none or more than limits::kMaxBatch.
bool check_batch(Reader& reader, std::string_view field, int size);

[[nodiscard]] std::string read_request_id(Reader& reader, const std::string& request_id);

// When a request with a max_wait gives up.
template <class Request>
[[nodiscard]] base::Time read_give_up(Reader& reader, const Request& request, const CallTime& time) {
  constexpr Field kRequest;
  if (!request.has_max_wait()) return time.deadline;
  const auto wait = reader.duration({kRequest, "max_wait"}, request.max_wait(), {base::Duration{0}, limits::kMaxWait});
  return std::min(base::add_saturating(time.now, wait), time.deadline);
}

}  // namespace sluice::wire
