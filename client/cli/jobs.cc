#include <map>

#include <fmt/format.h>

#include "client/cli/attributes.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/item_progress.h"
#include "client/cli/output.h"
#include "client/cli/screen.h"
#include "client/cli/table.h"
#include "client/cli/target.h"
#include "client/src/convert.h"
#include "client/src/jobs.h"

namespace sluice::cli {
namespace {

v1::SubmitJobsRequest request_of(Session& session, const SubmitArguments& arguments) {
  v1::SubmitJobsRequest request;
  if (is_pipeline(session, arguments.target, arguments.queue, arguments.pipeline)) {
    request.set_pipeline(arguments.target);
  } else {
    request.set_queue(arguments.target);
  }
  v1::NewItem model;
  for (const std::string& text : arguments.attributes) {
    if (const auto attribute = parse_attribute(text)) (*model.mutable_attributes())[attribute->first] = attribute->second;
  }
  for (const std::string& payload : arguments.payloads) {
    *request.add_items() = model;
    request.mutable_items()->rbegin()->set_payload(payload);
  }
  return request;
}

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

}  // namespace

int submit(Session& session, const SubmitArguments& arguments) {
  const Interrupt interrupt;
  auto request = request_of(session, arguments);
  const auto response = internal::submit(*session.connection(), request,
                                         {.max_wait = arguments.wait, .keep = arguments.keep, .stop = interrupt.first()});
  if (arguments.await) {
    v1::AwaitJobsRequest await;
    for (std::uint32_t i = 0; i < response.count(); ++i) await.add_job_ids(response.first_job_id() + i);
    await.set_in_order(true);
    return await_and_show(session, std::move(await), std::nullopt, false, interrupt.first());
  }
  if (session.json()) {
    print_json(response);
    return kOk;
  }
  for (std::uint32_t i = 0; i < response.count(); ++i) print(fmt::format("{}\n", response.first_job_id() + i));
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
