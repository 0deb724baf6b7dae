#include "server/handlers/process/guard.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <variant>

#include <fmt/format.h>

#include "server/handlers/process/spawn.h"

namespace sluice::handlers {
namespace {

constexpr std::size_t kTableBytes = kMaxGuardedGroups * sizeof(std::atomic<pid_t>);
constexpr int kEndTimeoutMilliseconds = 1'000;

std::string own_directory() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return {};
  const std::string file(path.data(), static_cast<std::size_t>(length));
  return file.substr(0, file.rfind('/'));
}

Fd make_table_file() {
  Fd file(::memfd_create("sluice-groups", MFD_CLOEXEC));
  if (!file || ::ftruncate(file.get(), kTableBytes) != 0) return {};
  if (file.get() > STDERR_FILENO) return file;
  return {};
}

}  // namespace

void Guard::Place::reset() {
  if (group_ != nullptr) guard_->give_back(std::exchange(group_, nullptr));
  guard_.reset();
}

std::shared_ptr<Guard> Guard::shared() {
  static std::mutex mutex;
  static std::weak_ptr<Guard> only;
  const std::lock_guard lock(mutex);
  auto guard = only.lock();
  if (!guard) {
    guard.reset(new Guard());
    guard->self_ = guard;
    only = guard;
  }
  return guard;
}

std::string Guard::program() {
  const std::string own = own_directory();
  for (const std::string& directory : {own, own + "/../libexec/sluice", std::string(SLUICE_LIBEXEC_DIR)}) {
    std::string file = directory + "/sluice-guard";
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

Guard::~Guard() {
  alive_.reset();
  if (pidfd_) {
    pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    ::poll(&ended, 1, kEndTimeoutMilliseconds);
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
  }
  if (table_ != nullptr) ::munmap(static_cast<void*>(table_), kTableBytes);
}

Guard::Place Guard::place() {
  const std::lock_guard lock(mutex_);
  // Without it children still die with their parent, only theirs are not guarded.
  if (!std::exchange(started_, true)) start();
  if (free_.empty()) return {};
  auto* group = free_.back();
  free_.pop_back();
  return {self_.lock(), group};
}

void Guard::start() {
  const std::string file = program();
  if (file.empty()) return;
  const Fd table_file = make_table_file();
  if (!table_file) return;
  Pipe pipe = make_pipe();
  const Fd null_device = open_null_device();
  if (!pipe || !null_device) return;
  void* memory = ::mmap(nullptr, kTableBytes, PROT_READ | PROT_WRITE, MAP_SHARED, table_file.get(), 0);
  if (memory == MAP_FAILED) return;

  const std::array<const char*, 2> paths = {file.c_str(), nullptr};
  const std::array<const char*, 2> argv = {"sluice-guard", nullptr};
  const std::array<const char*, 1> env = {nullptr};
  auto started = spawn({.paths = paths.data(),
                        .argv = argv.data(),
                        .env = env.data(),
                        .working_directory = "/",
                        .limits = {},
                        .standard_input = pipe.read.get(),
                        .standard_output = table_file.get(),
                        .standard_error = null_device.get(),
                        .dies_with_parent = false});
  auto* child = std::get_if<Spawned>(&started);
  if (child == nullptr) {
    ::munmap(memory, kTableBytes);
    return;
  }
  pidfd_ = std::move(child->pidfd);
  alive_ = std::move(pipe.write);
  table_ = static_cast<std::atomic<pid_t>*>(memory);
  free_.reserve(kMaxGuardedGroups);
  for (std::size_t i = kMaxGuardedGroups; i-- > 0;) free_.push_back(table_ + i);
}

void Guard::give_back(std::atomic<pid_t>* group) {
  group->store(0);
  const std::lock_guard lock(mutex_);
  free_.push_back(group);
}

}  // namespace sluice::handlers
