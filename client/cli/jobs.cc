#include <unistd.h>

#include <map>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/item_progress.h"
#include "client/cli/lines.h"
#include "client/cli/output.h"
#include "client/cli/screen.h"
#include "client/cli/submission.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"
#include "client/src/jobs.h"
#include "client/src/raise.h"

namespace sluice::cli {
namespace {

// How far the jobs are that have not ended: on a terminal a line for each, drawn in place; elsewhere a line for each piece of
// news.
class Running {
 public:
  explicit Running(bool terminal) : terminal_(terminal) {}

  void show(const v1::Job& job) {
    if (!terminal_) return say(progress_line(job));
    lines_[job.job_id()] = progress_line(job);
    draw();
  }
  // Makes way for what is printed next.
  void make_way(std::uint64_t ended) {
    lines_.erase(ended);
    if (terminal_) screen_.draw({});
  }
  void draw() {
    if (!terminal_ || lines_.empty()) return;
    std::vector<std::string> lines;
    for (const auto& [id, line] : lines_) {
      if (lines.size() < Screen::most_lines()) lines.push_back(one_line(line, Screen::columns()));
    }
    screen_.draw(lines);
  }

  static constexpr Duration kTerminalInterval = std::chrono::milliseconds(200);
  static constexpr Duration kLineInterval = std::chrono::seconds(1);

 private:
  const bool terminal_;
  std::map<std::uint64_t, std::string> lines_;
  Screen screen_;
};

// Prints outcomes as they are told.
class Outcomes {
 public:
  Outcomes(bool json, bool one) : json_(json), one_(one) {}

  void show(v1::Job&& message) {
    if (json_) print_json_line(message);
    try {
      const Job job = internal::from_proto(std::move(message));
      (void)job.value();
      if (!json_) show_results(job);
    } catch (const Error& error) {
      failed_ = true;
      if (!json_) say(fmt::format("{}: {}", error.reason(), error.what()));
    }
    (void)flush_output();
  }
  [[nodiscard]] int exit_code() const { return failed_ ? kFailed : kOk; }

 private:
  // One job's result as it is; of several jobs, each on a line.
  void show_results(const Job& job) const {
    for (const JobResult& result : job.results) {
      print(result.payload);
      const bool line = !one_ || job.results.size() > 1;
      if (line && !result.payload.ends_with('\n')) print("\n");
    }
    if (job.results_left_out > 0) say(fmt::format("job {}: {} more results are not kept", job.id, job.results_left_out));
  }

  const bool json_;
  const bool one_;
  bool failed_ = false;
};

// `progress`: also where standard error is no terminal.
int await_and_show(Session& session, v1::AwaitJobsRequest request, std::optional<Duration> wait, bool progress,
                   const std::stop_token& stop) {
  Outcomes outcomes(session.json(), request.job_ids_size() == 1 && request.batch_id() == 0);
  const bool terminal = Screen::is_terminal() && !session.json();
  Running running(terminal);
  if (terminal || progress) {
    *request.mutable_progress_interval() = internal::to_proto(terminal ? Running::kTerminalInterval : Running::kLineInterval);
  }
  const auto show = [&](v1::Job&& job) {
    running.make_way(job.job_id());
    outcomes.show(std::move(job));
    running.draw();
  };
  session.connection()->await(std::move(request), {.wait = wait, .stop = stop, .timeout = Duration::zero()}, show,
                              [&running](v1::Job&& job) { running.show(job); });
  return outcomes.exit_code();
}

// What was submitted before a failure is said: it goes on, whatever becomes of the rest.
void add_all(Submission& submission, const SubmitArguments& arguments, const std::stop_token& stop) {
  try {
    for (const std::string& payload : arguments.payloads) submission.add(payload);
    Lines lines(STDIN_FILENO, stop);
    std::string line;
    while (arguments.lines && lines.next(line)) submission.add(std::move(line));
    if (stop.stop_requested()) internal::raise(Code::kCancelled, "CANCELLED", "interrupted");
    submission.finish();
  } catch (const Error&) {
    if (submission.jobs() > 0) {
      say(fmt::format("{} submitted{}", counted(submission.jobs(), "job"),
                      submission.batch() == 0 ? "" : fmt::format(", of batch {}", submission.batch())));
    }
    throw;
  }
}

}  // namespace

int submit(Session& session, const SubmitArguments& arguments) {
  const Interrupt interrupt;
  v1::AwaitJobsRequest await;
  await.set_in_order(true);
  Submission submission(session, arguments, interrupt.first(), [&](const v1::SubmitJobsResponse& response) {
    if (session.json() && !arguments.batch && !arguments.await) print_json_line(response);
    for (std::uint32_t i = 0; i < response.count() && !arguments.batch; ++i) {
      const std::uint64_t job = response.first_job_id() + i;
      if (arguments.await) await.add_job_ids(job);
      if (!arguments.await && !session.json()) print(fmt::format("{}\n", job));
    }
    if (!arguments.batch) (void)flush_output();
  });
  add_all(submission, arguments, interrupt.first());
  if (submission.jobs() == 0) return kOk;
  if (arguments.await) {
    await.set_batch_id(submission.batch());
    return await_and_show(session, std::move(await), std::nullopt, false, interrupt.first());
  }
  if (!arguments.batch) return kOk;
  if (session.json()) {
    print(fmt::format("{{\"batch_id\": \"{}\", \"count\": {}}}\n", submission.batch(), submission.jobs()));
  } else {
    print(fmt::format("{}\n", submission.batch()));
  }
  return kOk;
}

int await(Session& session, const AwaitArguments& arguments) {
  const Interrupt interrupt;
  v1::AwaitJobsRequest request;
  for (const std::uint64_t id : arguments.jobs) request.add_job_ids(id);
  request.set_batch_id(arguments.batch);
  request.set_in_order(!arguments.any_order);
  return await_and_show(session, std::move(request), arguments.wait, arguments.progress, interrupt.first());
}

}  // namespace sluice::cli
