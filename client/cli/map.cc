#include <unistd.h>

#include <atomic>
#include <chrono>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/lines.h"
#include "client/cli/output.h"
#include "client/cli/progress.h"
#include "client/cli/screen.h"
#include "client/cli/target.h"
#include "client/cli/text.h"
#include "client/src/map_engine.h"

namespace sluice::cli {
namespace {

using std::chrono::steady_clock;

constexpr Duration kBarInterval = std::chrono::milliseconds(200);

// The outcomes as lines, and how far it is, on a terminal. Told on one thread.
class Results {
 public:
  Results(std::string name, bool fail_fast)
      : name_(std::move(name)), fail_fast_(fail_fast), bar_(Screen::is_terminal() && isatty(STDOUT_FILENO) == 0) {}

  void count_read() { ++read_; }

  void show(const Job& job) {
    ++done_;
    try {
      std::string line = job.value();
      if (line.ends_with('\n')) line.pop_back();
      print(line + "\n");
    } catch (const Error& error) {
      if (fail_fast_) throw;
      ++failed_;
      print("\n");
      // Else the next drawing would go over the message.
      screen_.wipe();
      drawn_ = {};
      say(fmt::format("line {}: {}: {}", done_, error.reason(), error.what()));
    }
    if (done_ == read_) (void)flush_output();
    draw(false);
  }

  [[nodiscard]] int finish() {
    draw(true);
    return failed_ == 0 ? kOk : kFailed;
  }

 private:
  void draw(bool last) {
    const auto now = steady_clock::now();
    if (!bar_ || (!last && now - drawn_ < kBarInterval)) return;
    drawn_ = now;
    speed_.add(done_, now);
    Progress progress;
    progress.name = name_;
    progress.put = read_;
    progress.done = done_ - failed_;
    progress.failed = failed_;
    progress.unfinished = read_ - done_;
    progress.steps_done = done_;
    // How many lines are still to come nobody knows before the end of the input.
    progress.steps_left = read_ - done_;
    auto lines = bar_lines(progress, speed_, Screen::columns(), Screen::most_lines());
    screen_.draw(lines);
  }

  const std::string name_;
  const bool fail_fast_;
  const bool bar_;
  std::atomic<std::uint64_t> read_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
  steady_clock::time_point drawn_;
  Screen screen_;
  Speed speed_;
};

}  // namespace

int map(Session& session, const MapArguments& arguments) {
  const bool pipeline = is_pipeline(session, arguments.target, arguments.queue, arguments.pipeline);
  const internal::Target target{.queue = pipeline ? "" : arguments.target, .pipeline = pipeline ? arguments.target : ""};
  const Interrupt interrupt;
  Results results(arguments.target, arguments.fail_fast);
  internal::MapEngine engine(session.connection(), target, [&results](Job&& job) { results.show(job); },
                             {.in_flight = arguments.in_flight, .stop = interrupt.first()});
  Lines lines(STDIN_FILENO, interrupt.first());
  for (std::string line; lines.next(line);) {
    results.count_read();
    engine.add({.payload = std::move(line)});
  }
  engine.finish();
  return results.finish();
}

}  // namespace sluice::cli
