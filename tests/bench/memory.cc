#include "tests/bench/memory.h"

#include <fstream>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace sluice::bench {

Resident resident(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  Resident found;
  std::string line;
  constexpr std::string_view kAll = "VmRSS:";
  constexpr std::string_view kAnonymous = "RssAnon:";
  while (std::getline(file, line)) {
    if (line.starts_with(kAll)) found.bytes = std::stoull(line.substr(kAll.size())) << 10;
    if (line.starts_with(kAnonymous)) found.anonymous_bytes = std::stoull(line.substr(kAnonymous.size())) << 10;
  }
  if (found.bytes == 0) throw std::runtime_error("the process is gone");
  return found;
}

}  // namespace sluice::bench
