// `sluice top` and `sluice stats` against the real server.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "client/cli/fd.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kEnter = "\x1b[?1049h";
constexpr std::string_view kLeave = "\x1b[?1049l";

// A command on a terminal of its own.
class OnTerminal {
 public:
  OnTerminal(const std::vector<std::string>& command, std::uint16_t rows, std::uint16_t columns, const char* kind = "xterm")
      : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    grantpt(master_.get());
    unlockpt(master_.get());
    const std::string name = ptsname(master_.get());
    resize(rows, columns);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    slave_ = Fd(open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    tcgetattr(slave_.get(), &before_);
    pid_ = fork();
    if (pid_ == 0) {
      setsid();
      const int terminal = open(name.c_str(), O_RDWR);
      for (int fd = 0; fd < 3; ++fd) dup2(terminal, fd);
      setenv("TERM", kind, 1);
      unsetenv("NO_COLOR");
      execv(argv[0], argv.data());
      _exit(127);
    }
  }
  ~OnTerminal() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void type(std::string_view keys) const { (void)!write(master_.get(), keys.data(), keys.size()); }
  void signal(int number) const { ::kill(pid_, number); }
  void resize(std::uint16_t rows, std::uint16_t columns) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(master_.get(), TIOCSWINSZ, &size);
  }
  // True once `text` has been written since the last call that found something.
  bool shows(std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      const std::size_t at = written_.find(text, seen_);
      if (at != std::string::npos) {
        seen_ = at + text.size();
        return true;
      }
      if (!read_some()) return false;
    }
    return false;
  }
  // Reads on to the end of the command; its exit code.
  int wait() {
    // Ours keeps the terminal open until all that the command wrote has been read.
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) return -1;
      (void)read_some();
    }
    pid_ = -1;
    while (pending() && read_some()) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] const std::string& written() const { return written_; }
  // Whether the terminal's settings are what they were.
  [[nodiscard]] bool is_as_before() const {
    termios now{};
    tcgetattr(slave_.get(), &now);
    return now.c_lflag == before_.c_lflag && now.c_cc[VSUSP] == before_.c_cc[VSUSP];
  }

 private:
  [[nodiscard]] bool pending() const {
    pollfd ready{.fd = master_.get(), .events = POLLIN, .revents = 0};
    return poll(&ready, 1, 0) > 0;
  }
  bool read_some() {
    pollfd ready{.fd = master_.get(), .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 100) <= 0) return true;
    std::array<char, 4096> bytes{};
    const ssize_t count = read(master_.get(), bytes.data(), bytes.size());
    if (count <= 0) return false;
    written_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

  Fd master_;
  Fd slave_;
  termios before_{};
  pid_t pid_ = -1;
  std::string written_;
  std::size_t seen_ = 0;
};

class Watch : public CommandTest {
 protected:
  OnTerminal on_terminal(std::vector<std::string> words, std::uint16_t rows = 24, std::uint16_t columns = 80) {
    return {line(sluiced_.address(), std::move(words)), rows, columns};
  }
};

TEST_F(Watch, TopShowsQueuesWithTheirRatesAndLeavesTheTerminalClean) {
  client_.create_queue("tasks", {.capacity = 4});
  client_.queue("tasks").put_all({"a", "b"});
  auto top = on_terminal({"top", "--interval", "50ms"});
  ASSERT_TRUE(top.shows(kEnter));
  EXPECT_TRUE(top.shows("tasks"));
  EXPECT_TRUE(top.shows("[####    ]")) << top.written();
  EXPECT_TRUE(top.shows("2/4"));
  EXPECT_TRUE(top.shows("  ! queue \"tasks\" has 2 waiting items and no consumer"));
  client_.queue("tasks").put("c");
  EXPECT_TRUE(top.shows("3/4"));
  top.type("q");
  EXPECT_EQ(top.wait(), kOk);
  EXPECT_THAT(top.written(), EndsWith(std::string(kLeave)));
  EXPECT_TRUE(top.is_as_before());
}

TEST_F(Watch, TopLeavesTheTerminalCleanAfterAnInterrupt) {
  for (const char* keys : {"\x03", ""}) {
    auto top = on_terminal({"top"});
    ASSERT_TRUE(top.shows("q quit"));
    top.type(keys);
    if (*keys == '\0') top.signal(SIGTERM);
    EXPECT_EQ(top.wait(), kInterrupted);
    EXPECT_THAT(top.written(), EndsWith(std::string(kLeave)));
    EXPECT_TRUE(top.is_as_before());
  }
}

TEST_F(Watch, TopHeedsKeys) {
  client_.create_queue("alpha");
  client_.create_queue("beta");
  client_.queue("beta").put("x");
  auto top = on_terminal({"top"});
  ASSERT_TRUE(top.shows("\x1b[5;1H\x1b[2Kalpha"));
  top.type("s");
  EXPECT_TRUE(top.shows("\x1b[5;1H\x1b[2Kbeta")) << "sorted by depth";
  EXPECT_TRUE(top.shows("sort: depth"));
  top.type("r");
  EXPECT_TRUE(top.shows("\x1b[5;1H\x1b[2Kalpha"));
  EXPECT_TRUE(top.shows("reversed"));
  top.type(" ");
  EXPECT_TRUE(top.shows("held"));
  top.type("\x1b[24~zq");
  EXPECT_EQ(top.wait(), kOk) << "a key that means nothing does nothing";
}

TEST_F(Watch, TopScrollsAndFollowsTheSizeOfTheTerminal) {
  for (int i = 10; i < 40; ++i) client_.create_queue("queue-" + std::to_string(i));
  auto top = on_terminal({"top", "--interval", "1h"}, 15, 80);
  ASSERT_TRUE(top.shows("1-10 of 30"));
  top.type("\x1b[B");
  EXPECT_TRUE(top.shows("2-11 of 30"));
  top.type("\x1b[F");
  EXPECT_TRUE(top.shows("queue-39"));
  EXPECT_TRUE(top.shows("21-30 of 30"));
  top.type("\x1b[5~");
  EXPECT_TRUE(top.shows("11-20 of 30"));
  top.resize(20, 100);
  EXPECT_TRUE(top.shows("11-25 of 30")) << "at once, not at the next look";
  top.type("q");
  EXPECT_EQ(top.wait(), kOk);
}

TEST_F(Watch, TopOutlivesItsServer) {
  client_.create_queue("tasks");
  auto top = on_terminal({"top", "--interval", "50ms"});
  ASSERT_TRUE(top.shows("tasks"));
  sluiced_.kill9();
  EXPECT_TRUE(top.shows("! UNREACHABLE"));
  sluiced_.restart();
  EXPECT_TRUE(top.shows("0 queues"));
  top.type("q");
  EXPECT_EQ(top.wait(), kOk);
}

TEST_F(Watch, TopPrintsRowsWhereThereIsNoTerminal) {
  client_.create_queue("tasks", {.capacity = 10});
  client_.queue("tasks").put("x");
  const Ran ran = run({"top", "--once", "--interval", "20ms"});
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  EXPECT_THAT(ran.output, AllOf(StartsWith("QUEUE  STATE"), HasSubstr("tasks  open "), HasSubstr("stalled: queue \"tasks\""),
                                Not(HasSubstr("\x1b"))));
}

TEST_F(Watch, TopGoesOnPrintingRowsWhereTheTerminalCannotBeDrawnOn) {
  client_.create_queue("tasks");
  OnTerminal top(line(sluiced_.address(), {"top", "--interval", "10ms"}), 24, 80, "dumb");
  EXPECT_TRUE(top.shows("QUEUE  STATE"));
  EXPECT_TRUE(top.shows("QUEUE  STATE"));
  top.signal(SIGINT);
  EXPECT_EQ(top.wait(), kInterrupted);
  EXPECT_THAT(top.written(), Not(HasSubstr("\x1b")));
}

TEST_F(Watch, StatsSaysWhatHappensInALineEachTime) {
  client_.create_queue("tasks");
  const Ran ran = run({"stats", "tasks", "--watch", "0.02", "--count", "3"});
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  EXPECT_THAT(ran.output, StartsWith("TIME "));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 4) << ran.output;
}

TEST_F(Watch, StatsMeasuresRates) {
  client_.create_queue("tasks", {.capacity = 0});
  const std::jthread producer([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) client_.queue("tasks").put("x", {.max_wait = Duration::zero()});
  });
  const Ran ran = run({"--json", "stats", "tasks", "--watch", "10ms", "--count", "200"});
  EXPECT_EQ(ran.exit_code, kOk) << ran.error;
  std::istringstream lines(ran.output);
  double most = 0;
  int count = 0;
  for (std::string text; std::getline(lines, text); ++count) {
    const json sample = json::parse(text);
    EXPECT_EQ(sample["queue"], "tasks");
    most = std::max(most, sample["put_per_second"].get<double>());
  }
  EXPECT_EQ(count, 200);
  EXPECT_GT(most, 0);
}

TEST_F(Watch, StatsOfAllQueuesIsATable) {
  client_.create_queue("one");
  client_.create_queue("two");
  const Ran ran = run({"stats", "--watch", "10ms", "-n", "2"});
  EXPECT_THAT(ran.output, AllOf(HasSubstr("\none "), HasSubstr("\ntwo ")));
}

TEST_F(Watch, StatsOfWhatDoesNotExist) {
  const Ran ran = run({"stats", "nothing"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_THAT(ran.error, HasSubstr("QUEUE_NOT_FOUND"));
  EXPECT_EQ(run({"stats", "--watch=often"}).exit_code, kUsage);
  EXPECT_EQ(run({"top", "--sort", "colour"}).exit_code, kUsage);
}

}  // namespace
}  // namespace sluice::cli
