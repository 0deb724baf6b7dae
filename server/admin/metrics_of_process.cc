// The process itself, under the names that Prometheus' own clients use, and the calls, under those of gRPC's.
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "server/admin/metrics.h"

namespace sluice::admin {
namespace {

using Type = Exposition::Type;

// As gRPC's libraries write them in metrics.
constexpr std::array<std::string_view, base::CallCounts::kCodes> kCodes = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

// The fields of /proc/self/stat after the program's name, which may hold anything; the first is number 3 of proc(5).
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream rest(text.substr(std::min(text.rfind(')') + 1, text.size())));
  return {std::istream_iterator<std::string>(rest), {}};
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (word != "btime") continue;
    double seconds = 0;
    file >> seconds;
    return seconds;
  }
  return 0;
}

std::uint64_t open_descriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  for (auto each = std::filesystem::directory_iterator("/proc/self/fd", error); !error && each != std::filesystem::end(each);
       each.increment(error)) {
    ++count;
  }
  // Less the one that looks.
  return count > 0 ? count - 1 : 0;
}

}  // namespace

void write_calls(const base::CallCounts& calls, Exposition& out) {
  const auto names = calls.names();
  out.family("grpc_server_started_total", Type::kCounter, "Calls that came.");
  for (std::size_t i = 0; i < names.size(); ++i) {
    out.value({{"grpc_type", names[i].type}, {"grpc_service", names[i].service}, {"grpc_method", names[i].method}},
              calls.method(i).started.load(std::memory_order_relaxed));
  }
  out.family("grpc_server_handled_total", Type::kCounter, "Calls that ended, by code.");
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t code = 0; code < kCodes.size(); ++code) {
      const auto count = calls.method(i).handled[code].load(std::memory_order_relaxed);
      if (count == 0 && code != 0) continue;
      out.value({{"grpc_type", names[i].type},
                 {"grpc_service", names[i].service},
                 {"grpc_method", names[i].method},
                 {"grpc_code", kCodes[code]}},
                count);
    }
  }
  out.family("grpc_server_handling_seconds", Type::kHistogram, "From the coming of a call to its end; waits count.");
  for (std::size_t i = 0; i < names.size(); ++i) {
    out.value({{"grpc_type", names[i].type}, {"grpc_service", names[i].service}, {"grpc_method", names[i].method}},
              calls.method(i).seconds.seen());
  }
}

void write_process(Exposition& out) {
  constexpr std::size_t kUserTime = 11;
  constexpr std::size_t kSystemTime = 12;
  constexpr std::size_t kThreads = 17;
  constexpr std::size_t kStartTime = 19;
  constexpr std::size_t kVirtualBytes = 20;
  constexpr std::size_t kResidentPages = 21;
  const auto fields = stat_fields();
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto field = [&](std::size_t number) { return number < fields.size() ? std::stod(fields[number]) : 0.0; };
  out.family("process_cpu_seconds_total", Type::kCounter, "Processor time of sluiced, its children not included.");
  out.value({}, (field(kUserTime) + field(kSystemTime)) / ticks);
  out.family("process_start_time_seconds", Type::kGauge, "When sluiced was started, since the Unix epoch.");
  out.value({}, boot_time() + field(kStartTime) / ticks);
  out.family("process_virtual_memory_bytes", Type::kGauge, "Address space in use.");
  out.value({}, field(kVirtualBytes));
  out.family("process_resident_memory_bytes", Type::kGauge, "Memory in use.");
  out.value({}, field(kResidentPages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  out.family("process_threads", Type::kGauge, "Threads.");
  out.value({}, field(kThreads));
  out.family("process_open_fds", Type::kGauge, "Open file descriptors.");
  out.value({}, open_descriptors());
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  out.family("process_max_fds", Type::kGauge, "How many there may be.");
  out.value({}, std::uint64_t{limit.rlim_cur});
}

}  // namespace sluice::admin
