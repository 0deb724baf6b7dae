#include "tests/support/sluiced_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

namespace sluice::support {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kListening = "listening grpc ";
constexpr std::string_view kAdmin = "listening admin ";

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2 failed");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added,
                                          const std::string& admin) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("SLUICE_")) result.emplace_back(*entry);
  }
  const auto said = [&added](std::string_view name) {
    return std::ranges::any_of(added, [name](const auto& each) { return each.first == name; });
  };
  if (!said("SLUICE_DATA")) result.emplace_back("SLUICE_DATA=none");
  if (!said("SLUICE_ADMIN")) result.push_back("SLUICE_ADMIN=" + admin);
  for (const auto& [name, value] : added) result.push_back(fmt::format("{}={}", name, value));
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

// The child between fork and exec: only calls that are safe in a copy of a process with many threads.
[[noreturn]] void become(const char* program, char* const* argv, char* const* env, const char* directory, int out, int err,
                         pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in >= 0 && ::chdir(directory) == 0 && ::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(err, 2) >= 0) {
    ::execve(program, argv, env);
  }
  ::_exit(126);
}

// The rest of the line that begins with `beginning`; empty if there is none.
std::string line_after(std::string_view text, std::string_view beginning) {
  const auto begin = text.find(beginning);
  if (begin == std::string_view::npos) return {};
  const auto rest = text.substr(begin + beginning.size());
  return std::string(rest.substr(0, rest.find('\n')));
}

std::filesystem::path make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "sluiced-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp failed: " + name);
  return name;
}

}  // namespace

// Gathers what comes out of one pipe, over one life of the process after the other.
class SluicedProcess::Reader {
 public:
  ~Reader() { join(); }

  void start(Fd fd) {
    join();
    {
      const std::lock_guard lock(mutex_);
      ended_ = false;
      start_ = text_.size();
    }
    thread_ = std::thread([this, fd = std::move(fd)] { read(fd); });
  }

  // Until the other end is closed: the process has ended.
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

  // Waits until `found(text of this life)` is true.
  template <class Found>
  bool wait(Clock::time_point deadline, Found found) {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return found(std::string_view(text_).substr(start_)); };
    changed_.wait_until(lock, deadline, [&] { return ended_ || there(); });
    return there();
  }

 private:
  void read(const Fd& fd) {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      const std::lock_guard lock(mutex_);
      if (count > 0) text_.append(buffer.data(), static_cast<std::size_t>(count));
      if (count <= 0) ended_ = true;
      changed_.notify_all();
      if (ended_) return;
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  std::size_t start_ = 0;  // of this life
  bool ended_ = true;
  std::thread thread_;
};

SluicedProcess::SluicedProcess(Options options)
    : options_(std::move(options)),
      directory_(make_directory()),
      listen_("127.0.0.1:0"),
      listen_admin_("127.0.0.1:0"),
      output_(std::make_unique<Reader>()),
      error_(std::make_unique<Reader>()) {
  try {
    start();
  } catch (...) {
    kill9();
    std::filesystem::remove_all(directory_);
    throw;
  }
}

SluicedProcess::~SluicedProcess() {
  kill9();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::vector<std::string> SluicedProcess::arguments() const {
  std::vector<std::string> arguments = {options_.program.empty() ? SLUICED_BINARY : options_.program};
  if (!options_.config.empty()) arguments.insert(arguments.end(), {"--config", "sluiced.yaml"});
  if (options_.serve) arguments.insert(arguments.end(), {"--listen", listen_});
  arguments.insert(arguments.end(), options_.flags.begin(), options_.flags.end());
  return arguments;
}

void SluicedProcess::start() {
  if (!options_.config.empty()) std::ofstream(directory_ / "sluiced.yaml") << options_.config;
  auto [out_read, out_write] = make_pipe();
  auto [err_read, err_write] = make_pipe();
  auto argument_strings = arguments();
  auto environment_strings = environment_with(options_.environment, listen_admin_);
  const auto argv = pointers(argument_strings);
  const auto env = pointers(environment_strings);
  const std::string directory = directory_.string();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) fail("fork failed");
  if (child == 0) {
    become(argv[0], argv.data(), env.data(), directory.c_str(), out_write.get(), err_write.get(), parent);
  }
  pid_ = child;
  exit_code_ = -1;
  output_->start(std::move(out_read));
  error_->start(std::move(err_read));
  out_write = Fd();
  err_write = Fd();
  if (options_.serve) wait_until_ready();
}

void SluicedProcess::wait_until_ready() {
  std::string told;
  const bool ready = output_->wait(Clock::now() + kPatience, [&](std::string_view text) {
    told = text;
    return text.find("ready\n") != std::string_view::npos;
  });
  address_ = line_after(told, kListening);
  if (!ready || address_.empty()) {
    kill9();
    fail(fmt::format("sluiced did not become ready (exit code {}); it wrote:\n{}{}", exit_code_, standard_output(),
                     standard_error()));
  }
  listen_ = address_;
  admin_address_ = line_after(told, kAdmin);
  if (!admin_address_.empty()) listen_admin_ = admin_address_;
}

bool SluicedProcess::running() {
  if (pid_ < 0) return false;
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

void SluicedProcess::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int SluicedProcess::wait(std::chrono::milliseconds patience) {
  if (pid_ < 0) return exit_code_;
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (handle.get() < 0) fail("pidfd_open failed");
  pollfd poll_handle{.fd = handle.get(), .events = POLLIN, .revents = 0};
  int changed = 0;
  const auto deadline = Clock::now() + patience;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    changed = ::poll(&poll_handle, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
  } while (changed < 0 && errno == EINTR);
  if (changed == 0) fail(fmt::format("sluiced has not ended; it wrote:\n{}", standard_error()));
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  output_->join();
  error_->join();
  return exit_code_;
}

int SluicedProcess::stop() {
  signal(SIGTERM);
  return wait();
}

void SluicedProcess::kill9() {
  signal(SIGKILL);
  wait();
}

void SluicedProcess::restart() {
  kill9();
  start();
}

void SluicedProcess::restart(std::string config) {
  options_.config = std::move(config);
  restart();
}

std::string SluicedProcess::standard_output() const { return output_->text(); }

std::string SluicedProcess::standard_error() const { return error_->text(); }

bool SluicedProcess::wait_for_error(std::string_view text, std::chrono::milliseconds patience) {
  return error_->wait(Clock::now() + patience,
                      [&](std::string_view written) { return written.find(text) != std::string_view::npos; });
}

Finished run_sluiced(std::vector<std::string> flags, std::string config,
                     std::vector<std::pair<std::string, std::string>> environment) {
  SluicedProcess process(
      {.config = std::move(config), .flags = std::move(flags), .environment = std::move(environment), .serve = false});
  Finished finished;
  finished.exit_code = process.wait();
  finished.output = process.standard_output();
  finished.error = process.standard_error();
  return finished;
}

}  // namespace sluice::support
