#include "sluice/error.h"

#include <utility>

namespace sluice {

Error::Error(Code code, std::string reason, const std::string& message, std::map<std::string, std::string> metadata)
    : std::runtime_error(message), code_(code), reason_(std::move(reason)), metadata_(std::move(metadata)) {}

}  // namespace sluice
