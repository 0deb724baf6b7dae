#include "client/cli/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "client/cli/fd.h"

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kStderrTailBytes = 8UL << 10;
constexpr milliseconds kGrace{2000};

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

void do_not_block(const Fd& fd) { fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& string : strings) out.push_back(string.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::vector<std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  for (const std::string& entry : extra) {
    const std::string name = entry.substr(0, entry.find('=') + 1);
    std::erase_if(all, [&name](const std::string& other) { return other.starts_with(name); });
    all.push_back(entry);
  }
  return all;
}

// What posix_spawn does in the child besides running the program.
class SpawnSettings {
 public:
  // `progress`: -1 if there is none.
  SpawnSettings(int input, int output, int errors, int progress) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    const bool reports = progress >= 0;
    if (reports) posix_spawn_file_actions_adddup2(&actions_, progress, progress::kDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&actions_, (reports ? progress::kDescriptor : STDERR_FILENO) + 1);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigfillset(&defaults);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

const Fd kNothing;

// One child from its start to its end.
class Child {
 public:
  explicit Child(const ChildOrder& order) : order_(order), stop_event_(eventfd(0, EFD_CLOEXEC)) {}

  ChildResult run() {
    if (!spawn()) return std::move(result_);
    const std::stop_callback on_stop(order_.stop, [this] { eventfd_write(stop_event_.get(), 1); });
    while (pid_ > 0 || output_.valid() || errors_.valid()) step();
    return std::move(result_);
  }

 private:
  bool spawn() {
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    Pipe progress;
    std::vector<std::string> variables = order_.extra_environment;
    if (order_.on_progress) {
      progress = make_pipe();
      variables.push_back(fmt::format("{}={}", progress::kVariable, progress::kDescriptor));
    }
    const SpawnSettings settings(input.read.get(), output.write.get(), errors.write.get(), progress.write.get());
    std::vector<std::string> argv = order_.argv;
    std::vector<std::string> environment = environment_with(variables);
    const int error = posix_spawnp(&pid_, argv.front().c_str(), settings.actions(), settings.attributes(),
                                   pointers(argv).data(), pointers(environment).data());
    if (error != 0) {
      pid_ = -1;
      result_.spawn_error = std::strerror(error);
      return false;
    }
    group_ = pid_;
    exit_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    if (!exit_.valid()) {
      result_.spawn_error = fmt::format("pidfd_open: {}", std::strerror(errno));
      kill(-group_, SIGKILL);
      waitpid(std::exchange(pid_, -1), nullptr, 0);
      return false;
    }
    input_ = std::move(input.write);
    output_ = std::move(output.read);
    errors_ = std::move(errors.read);
    progress_ = std::move(progress.read);
    for (const Fd* fd : {&input_, &output_, &errors_, &progress_}) {
      if (fd->valid()) do_not_block(*fd);
    }
    if (order_.input.empty()) input_.reset();
    return true;
  }

  // Waits for something to happen and does what it asks for.
  void step() {
    enum { kInput, kOutput, kErrors, kProgress, kExit, kStop, kAll };
    const auto watch = [](const Fd& fd, short events) { return pollfd{.fd = fd.get(), .events = events, .revents = 0}; };
    std::array<pollfd, kAll> ready = {watch(input_, POLLOUT), watch(output_, POLLIN),
                                      watch(errors_, POLLIN), watch(progress_, POLLIN),
                                      watch(exit_, POLLIN),   watch(result_.stopped ? kNothing : stop_event_, POLLIN)};
    if (poll(ready.data(), ready.size(), milliseconds_left()) < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (ready[kInput].revents != 0) feed();
    if (ready[kOutput].revents != 0) read_output();
    if (ready[kErrors].revents != 0) read_errors();
    if (ready[kProgress].revents != 0) read_progress();
    if (ready[kExit].revents != 0) reap();
    if (ready[kStop].revents != 0) {
      result_.stopped = true;
      end_group();
    }
    if (kill_at_ && steady_clock::now() >= *kill_at_) kill_group();
  }

  [[nodiscard]] int milliseconds_left() const {
    if (!kill_at_) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*kill_at_ - steady_clock::now());
    return static_cast<int>(std::max(left, milliseconds(0)).count());
  }

  void feed() {
    const ssize_t count = write(input_.get(), order_.input.data() + fed_, order_.input.size() - fed_);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) fed_ += static_cast<std::size_t>(count);
    // A child that does not read on is fine; its exit code says whether it is.
    if (count < 0 || fed_ == order_.input.size()) input_.reset();
  }

  // What is there, empty at the end (then the descriptor is closed) and where nothing is ready.
  static std::string_view read_some(Fd& fd, std::array<char, 65536>& buffer) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) fd.reset();
    return {};
  }

  void read_output() {
    std::array<char, 65536> buffer;
    result_.output += read_some(output_, buffer);
    if (result_.output.size() <= order_.max_output_bytes || result_.output_too_large) return;
    result_.output_too_large = true;
    result_.output.clear();
    output_.reset();
    end_group();
  }

  void read_errors() {
    std::array<char, 65536> buffer;
    const std::string_view text = read_some(errors_, buffer);
    (void)!write(STDERR_FILENO, text.data(), text.size());
    result_.stderr_tail += text;
    if (result_.stderr_tail.size() > kStderrTailBytes) {
      result_.stderr_tail.erase(0, result_.stderr_tail.size() - kStderrTailBytes);
    }
  }

  // Nobody waits for its end.
  void read_progress() {
    std::array<char, 65536> buffer;
    if (const auto line = progress_lines_.add(read_some(progress_, buffer))) order_.on_progress(*line);
  }

  void reap() {
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) return;
    if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
    pid_ = -1;
    exit_.reset();
    input_.reset();
    // Whoever still holds the outputs open has this long.
    if (!kill_at_) kill_at_ = steady_clock::now() + kGrace;
  }

  void end_group() {
    kill(-group_, SIGTERM);
    kill_at_ = steady_clock::now() + kGrace;
  }

  void kill_group() {
    kill(-group_, SIGKILL);
    kill_at_.reset();
    if (pid_ > 0) return;
    output_.reset();
    errors_.reset();
  }

  const ChildOrder& order_;
  ChildResult result_;
  pid_t pid_ = -1;  // until it is reaped
  pid_t group_ = -1;
  std::size_t fed_ = 0;
  Fd input_;
  Fd output_;
  Fd errors_;
  Fd progress_;
  progress::Lines progress_lines_;
  Fd exit_;        // readable when the child has exited
  Fd stop_event_;  // stays open: another thread may be about to write to it
  std::optional<steady_clock::time_point> kill_at_;
};

}  // namespace

ChildResult run_child(const ChildOrder& order) { return Child(order).run(); }

}  // namespace sluice::cli
