// Writing to a pipe that may have lost its reader.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace sluice::handlers {

// As write(2), but a missing reader gives EPIPE only, never a SIGPIPE, whatever this process does about that signal.
// Thread-safe.
ssize_t quiet_write(int fd, std::string_view bytes);

}  // namespace sluice::handlers
