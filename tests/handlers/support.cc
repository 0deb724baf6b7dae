#include "tests/handlers/support.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gtest/gtest.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;

class TestContext final : public Context {
 public:
  TestContext(asio::io_context& io, Watch watch) : io_(io), watch_(std::move(watch)) {}

  void set_pid(std::int64_t pid) override {
    if (watch_.on_pid) watch_.on_pid(pid);
  }
  void on_stop(std::function<void()> stop) override {
    stop_ = std::move(stop);
    if (stop_ && watch_.on_stoppable) {
      watch_.on_stoppable([this] {
        asio::post(io_, [this] {
          if (auto call = std::exchange(stop_, nullptr)) call();
        });
      });
    }
  }

 private:
  asio::io_context& io_;
  Watch watch_;
  std::function<void()> stop_;
};

Outcome not_run() {
  Error error;
  error.failure.reason = "NOT_RUN";
  return error;
}

void run_threads(asio::io_context& io, std::size_t threads) {
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) {
    others.emplace_back([&io] { io.run_for(kPatience); });
  }
  io.run_for(kPatience);
}

}  // namespace

Input item(std::string payload, model::Attributes attributes) {
  Input input;
  input.item = model::ItemId{7};
  input.body = std::make_shared<model::Body>(model::Body{.payload = std::move(payload), .attributes = std::move(attributes)});
  input.attempt = 3;
  input.queue = "tasks";
  input.pipeline = "photos";
  input.stage = "resize";
  return input;
}

void RecordedProgress::report(model::Progress progress) {
  {
    const std::lock_guard lock(mutex_);
    const auto fraction = progress.fraction ? std::to_string(*progress.fraction).substr(0, 4) : "-";
    reports_.push_back(fraction + " " + progress.message);
    changed_.notify_all();
  }
  if (on_report_) on_report_();
}

std::vector<std::string> RecordedProgress::reports() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

bool RecordedProgress::wait_for(const std::string& text) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return std::ranges::find(reports_, text) != reports_.end(); });
}

Outcome run(Handler& handler, const Input& input, Watch watch) {
  asio::io_context io;
  TestContext context(io, std::move(watch));
  Outcome outcome = not_run();
  asio::co_spawn(io, handler.run(input, context), [&](const std::exception_ptr& exception, Outcome result) {
    EXPECT_FALSE(exception);
    outcome = std::move(result);
  });
  run_threads(io, 1);
  EXPECT_TRUE(io.stopped()) << "the handler did not end";
  return outcome;
}

std::optional<Error> prepare(Handler& handler) {
  asio::io_context io;
  TestContext context(io, {});
  std::optional<Error> error;
  asio::co_spawn(io, handler.prepare(context), [&](const std::exception_ptr& exception, std::optional<Error> said) {
    EXPECT_FALSE(exception);
    error = std::move(said);
  });
  run_threads(io, 1);
  EXPECT_TRUE(io.stopped()) << "the handler did not prepare";
  return error;
}

std::vector<Outcome> run_all(Handler& handler, const std::vector<Input>& inputs, std::size_t threads) {
  asio::io_context io(static_cast<int>(threads));
  std::vector<std::unique_ptr<TestContext>> contexts;
  std::vector<Outcome> outcomes(inputs.size(), not_run());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    contexts.push_back(std::make_unique<TestContext>(io, Watch{}));
    asio::co_spawn(io, handler.run(inputs[i], *contexts[i]),
                   [&, i](const std::exception_ptr&, Outcome result) { outcomes[i] = std::move(result); });
  }
  run_threads(io, threads);
  EXPECT_TRUE(io.stopped()) << "a handler did not end";
  return outcomes;
}

std::shared_ptr<Handler> subprocess(SubprocessSpec spec) {
  auto handler = make_subprocess(std::move(spec));
  EXPECT_TRUE(handler.ok()) << handler.status();
  return handler.ok() ? *std::move(handler) : nullptr;
}

SubprocessSpec argv(std::vector<std::string> words) {
  SubprocessSpec spec;
  spec.commands.push_back({.argv = std::move(words), .shell = {}});
  return spec;
}

SubprocessSpec shell(std::string script) {
  SubprocessSpec spec;
  spec.commands.push_back({.argv = {}, .shell = std::move(script)});
  return spec;
}

std::vector<std::string> outputs_of(const Outcome& outcome) {
  std::vector<std::string> payloads;
  const auto* outputs = std::get_if<std::vector<Output>>(&outcome);
  EXPECT_NE(outputs, nullptr) << std::get<Error>(outcome).failure.reason << ": " << std::get<Error>(outcome).failure.message;
  if (outputs == nullptr) return payloads;
  for (const Output& output : *outputs) payloads.push_back(output.payload);
  return payloads;
}

std::string output_of(const Outcome& outcome) {
  const auto outputs = outputs_of(outcome);
  EXPECT_EQ(outputs.size(), 1U);
  return outputs.empty() ? std::string() : outputs.front();
}

Error error_of(const Outcome& outcome) {
  const auto* error = std::get_if<Error>(&outcome);
  EXPECT_NE(error, nullptr) << "the handler succeeded";
  return error == nullptr ? Error() : *error;
}

bool is_gone_soon(std::int64_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH;
  pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
  const int count = ::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
  ::close(fd);
  return count == 1;
}

bool has_no_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "sluice-handlers-XXXXXX").string();
  EXPECT_NE(::mkdtemp(path_.data()), nullptr);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::wait_for_line(const std::string& name) const {
  const int notify = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  ::inotify_add_watch(notify, path_.c_str(), IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::string content;
  while (true) {
    std::ifstream file(path_ + "/" + name);
    content.assign(std::istreambuf_iterator<char>(file), {});
    if (content.ends_with('\n') || std::chrono::steady_clock::now() >= end) break;
    pollfd changed{.fd = notify, .events = POLLIN, .revents = 0};
    ::poll(&changed, 1, 1'000);
    std::array<char, 4096> events{};
    while (::read(notify, events.data(), events.size()) > 0) {
    }
  }
  ::close(notify);
  return content.ends_with('\n') ? content : std::string();
}

}  // namespace sluice::handlers
