#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/progress.h"
#include "client/cli/screen.h"
#include "client/cli/target.h"
#include "client/cli/text.h"
#include "client/src/convert.h"
#include "client/src/raise.h"

namespace sluice::cli {
namespace {

using std::chrono::steady_clock;

constexpr Duration kBarInterval = std::chrono::milliseconds(200);
constexpr Duration kLineInterval = std::chrono::seconds(2);

// Shows each message of a join, in the way that fits where standard error goes.
class View {
 public:
  explicit View(bool json) : json_(json), terminal_(Screen::is_terminal()) {}

  template <class Message>
  void show(const Message& message, const Progress& progress) {
    speed_.add(progress.steps_done, steady_clock::now());
    last_ = progress;
    if (json_) {
      print_json_line(message);
      (void)flush_output();
    } else if (terminal_) {
      screen_.draw(bar_lines(progress, speed_, Screen::columns(), Screen::most_lines()));
    } else {
      fmt::print(stderr, "{}\n", plain_line(progress, speed_));
    }
  }

  void show_result() const {
    if (json_) return;
    const auto time = std::chrono::floor<std::chrono::milliseconds>(steady_clock::now() - began_);
    print(fmt::format("{} is done: {}; waited {}\n", last_.name, result_text(last_), duration_text(time)));
  }

  [[nodiscard]] Duration interval() const { return terminal_ && !json_ ? kBarInterval : kLineInterval; }

 private:
  const bool json_;
  const bool terminal_;
  const steady_clock::time_point began_ = steady_clock::now();
  Screen screen_;
  Speed speed_;
  Progress last_;
};

}  // namespace

int join(Session& session, const JoinArguments& arguments) {
  const bool pipeline = is_pipeline(session, arguments.name, arguments.queue, arguments.pipeline);
  View view(session.json());
  const auto interval = internal::to_proto(arguments.interval.value_or(view.interval()));
  const Interrupt interrupt;
  const internal::CallOptions options{.wait = arguments.wait, .stop = interrupt.first(), .timeout = Duration::zero()};
  if (pipeline) {
    v1::JoinPipelineRequest request;
    request.set_pipeline(arguments.name);
    *request.mutable_progress_interval() = interval;
    session.connection()->join(request, options, [&view](const v1::JoinPipelineResponse& message) {
      view.show(message, progress_of(message.pipeline()));
    });
  } else {
    v1::JoinQueueRequest request;
    request.set_queue(arguments.name);
    *request.mutable_progress_interval() = interval;
    session.connection()->join(
        request, options, [&view](const v1::JoinQueueResponse& message) { view.show(message, progress_of(message.queue())); });
  }
  view.show_result();
  return kOk;
}

}  // namespace sluice::cli
