// From codes and reasons to the exceptions of sluice/error.h.
#pragma once

#include <exception>
#include <map>
#include <string>

#include "sluice/error.h"

namespace sluice::internal {

// Throws the subclass of Error that fits: by the reason first, then by the code.
[[noreturn]] void raise(Code code, const std::string& reason, const std::string& message,
                        const std::map<std::string, std::string>& metadata = {});

// For a reason that comes without a code, as in a LeaseResult.
[[noreturn]] void raise(const std::string& reason, const std::string& message);

// What a call throws that was stopped, or whose object is going away.
[[nodiscard]] inline std::exception_ptr cancelled(const char* why) {
  return std::make_exception_ptr(Cancelled(Code::kCancelled, "CANCELLED", why));
}

}  // namespace sluice::internal
