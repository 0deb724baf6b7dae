#include "tests/e2e/process.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/e2e/patience.h"

namespace sluice::e2e {
namespace {

// The numbers of /proc/PID/stat that come after the name of the program, which may hold anything.
constexpr int kFieldsBeforeUserTime = 11;
constexpr int kFieldsBetweenTimesAndThreads = 4;
constexpr int kFieldsBetweenThreadsAndResident = 3;

void skip(std::istream& in, int fields) {
  std::string field;
  for (int i = 0; i < fields; ++i) in >> field;
}

// A number out of a file such as /proc/PID/status: the first behind the name.
std::uint64_t number_in(const std::filesystem::path& file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  }
  return 0;
}

std::uint64_t switches_of(pid_t pid) {
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    sum += number_in(thread.path() / "status", "voluntary_ctxt_switches");
  }
  return sum;
}

}  // namespace

ProcessStats stats_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string line = text.str();
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};

  std::istringstream fields(line.substr(name_end + 1));
  std::int64_t user = 0;
  std::int64_t system = 0;
  std::size_t threads = 0;
  std::size_t pages = 0;
  skip(fields, kFieldsBeforeUserTime);
  fields >> user >> system;
  skip(fields, kFieldsBetweenTimesAndThreads);
  fields >> threads;
  skip(fields, kFieldsBetweenThreadsAndResident);
  fields >> pages;
  const auto tick = std::chrono::microseconds(1'000'000 / sysconf(_SC_CLK_TCK));
  return {.cpu = (user + system) * tick,
          .resident_bytes = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)),
          .anonymous_bytes = number_in("/proc/" + std::to_string(pid) + "/status", "RssAnon") * 1024,
          .switches = switches_of(pid),
          .threads = threads};
}

bool process_ends(pid_t pid) {
  const auto handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return errno == ESRCH;
  pollfd wait{handle, POLLIN, 0};
  const int ready = poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
  close(handle);
  return ready == 1;
}

}  // namespace sluice::e2e
