#include "client/cli/progress.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "client/cli/table.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

// After so long a step counts a third of what it did.
constexpr double kMemorySeconds = 5;
constexpr std::size_t kMinBar = 10;
constexpr std::size_t kMaxBar = 40;

std::uint64_t finished(const v1::Queue& queue) {
  const v1::QueueCounters& counters = queue.counters();
  return counters.done() + counters.dead_lettered() + counters.discarded() + counters.cancelled() + counters.expired() +
         counters.redriven();
}

std::vector<std::string> messages(const google::protobuf::RepeatedPtrField<v1::Stall>& stalls) {
  std::vector<std::string> out;
  for (const v1::Stall& stall : stalls) out.push_back(stall.message());
  return out;
}

// The stages of a pipeline as ways between its queues.
class Flow {
 public:
  explicit Flow(const v1::Pipeline& pipeline) : most_(pipeline.stages_size()) {
    for (const v1::Stage& stage : pipeline.stages()) outputs_[stage.spec().input()].push_back(stage.spec().output());
  }

  [[nodiscard]] bool reads(const std::string& queue) const { return outputs_.contains(queue); }
  [[nodiscard]] bool feeds(const std::string& queue) const {
    return std::any_of(outputs_.begin(), outputs_.end(), [&queue](const auto& way) {
      return std::find(way.second.begin(), way.second.end(), queue) != way.second.end();
    });
  }
  // True if what this queue's stages give is read by no further stage.
  [[nodiscard]] bool is_last(const std::string& queue) const {
    const auto found = outputs_.find(queue);
    return found != outputs_.end() && std::none_of(found->second.begin(), found->second.end(),
                                                   [this](const std::string& output) { return reads(output); });
  }
  // How many stages an item in this queue has before it; in a circle, as many as there are.
  [[nodiscard]] std::uint64_t stages_after(const std::string& queue, int so_far = 0) const {
    const auto found = outputs_.find(queue);
    if (found == outputs_.end() || so_far >= most_) return 0;
    std::uint64_t longest = 0;
    for (const std::string& output : found->second) longest = std::max(longest, stages_after(output, so_far + 1));
    return longest + 1;
  }

 private:
  const int most_;
  std::map<std::string, std::vector<std::string>> outputs_;
};

StageProgress stage_progress(const v1::Stage& stage, const std::map<std::string, const v1::Queue*>& queues) {
  StageProgress progress;
  progress.name = stage.spec().name();
  progress.workers = stage.workers();
  progress.busy = stage.busy_workers();
  progress.state = stage.state() == v1::STAGE_STATE_FINISHED ? "finished" : "running";
  if (stage.state() == v1::STAGE_STATE_PAUSED) progress.state = "paused";
  const auto input = queues.find(stage.spec().input());
  if (input == queues.end()) return progress;
  const v1::Queue& queue = *input->second;
  progress.put = queue.counters().put();
  progress.finished = finished(queue);
  progress.waiting = queue.waiting() + queue.delayed();
  progress.retried = queue.counters().retried();
  progress.failed = queue.counters().dead_lettered();
  return progress;
}

std::string bar(double fraction, std::size_t length) {
  const auto full = static_cast<std::size_t>(std::floor(fraction * static_cast<double>(length)));
  std::string text(std::min(full, length), '=');
  if (text.size() < length) text += '>';
  text.resize(length, ' ');
  return '[' + text + ']';
}

// What stands behind the bar, and alone in a plain line.
std::string numbers(const Progress& progress, const Speed& speed) {
  std::string text = fmt::format("{}%  {} of {} done", static_cast<int>(std::floor(progress.fraction() * 100)),
                                 count_text(progress.done), count_text(progress.put));
  if (progress.failed > 0) text += fmt::format(", {} failed", count_text(progress.failed));
  if (progress.discarded > 0) text += fmt::format(", {} discarded", count_text(progress.discarded));
  text += "  " + rate_text(speed.per_second());
  const auto left = speed.time_for(progress.steps_left);
  if (left && progress.steps_left > 0) text += "  ETA " + clock_text(*left);
  return text;
}

// The table of stages, of which as many as fit into so many lines.
void add_stages(const Progress& progress, std::size_t most_lines, std::vector<std::string>& lines) {
  if (progress.stages.empty()) return;
  Table table({"  stage", ">done", ">of", ">waiting", ">busy", ">workers", ">failed", ">retried", "state"});
  for (const StageProgress& stage : progress.stages) {
    table.add({"  " + stage.name, count_text(stage.finished - std::min(stage.finished, stage.failed)), count_text(stage.put),
               count_text(stage.waiting), count_text(stage.busy), count_text(stage.workers), count_text(stage.failed),
               count_text(stage.retried), stage.state});
  }
  const bool all = progress.stages.size() + 1 <= most_lines;
  // The head of the table, and the line that says what is not there.
  const std::size_t shown = all ? progress.stages.size() : most_lines - std::min<std::size_t>(most_lines, 2);
  if (shown == 0) return;
  const std::string rows = table.text();
  std::size_t from = 0;
  for (std::size_t row = 0; row <= shown; ++row) {
    const std::size_t end = rows.find('\n', from);
    lines.push_back(rows.substr(from, end - from));
    from = end + 1;
  }
  if (!all) lines.push_back(fmt::format("  and {} more", progress.stages.size() - shown));
}

}  // namespace

double Progress::fraction() const {
  const std::uint64_t all = steps_done + steps_left;
  return all == 0 ? 1.0 : static_cast<double>(steps_done) / static_cast<double>(all);
}

Progress progress_of(const v1::Queue& queue) {
  Progress progress;
  progress.name = queue.name();
  progress.put = queue.counters().put();
  progress.done = queue.counters().done();
  progress.failed = queue.counters().dead_lettered();
  progress.discarded = queue.counters().discarded();
  progress.unfinished = queue.unfinished();
  progress.steps_done = finished(queue);
  progress.steps_left = queue.unfinished();
  progress.stalls = messages(queue.stalls());
  return progress;
}

Progress progress_of(const v1::Pipeline& pipeline) {
  const Flow flow(pipeline);
  Progress progress;
  progress.name = pipeline.name();
  progress.unfinished = pipeline.unfinished();
  progress.stalls = messages(pipeline.stalls());
  std::map<std::string, const v1::Queue*> queues;
  for (const v1::Queue& queue : pipeline.queues()) {
    queues[queue.name()] = &queue;
    if (!flow.reads(queue.name())) continue;
    if (!flow.feeds(queue.name())) progress.put += queue.counters().put();
    if (flow.is_last(queue.name())) progress.done += queue.counters().done();
    progress.failed += queue.counters().dead_lettered();
    progress.discarded += queue.counters().discarded();
    progress.steps_done += finished(queue);
    progress.steps_left += queue.unfinished() * flow.stages_after(queue.name());
  }
  for (const v1::Stage& stage : pipeline.stages()) progress.stages.push_back(stage_progress(stage, queues));
  return progress;
}

void Speed::add(std::uint64_t steps_done, Instant now) {
  if (last_steps_) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    if (seconds <= 0) return;
    const double rate = static_cast<double>(steps_done - std::min(steps_done, *last_steps_)) / seconds;
    const double keep = rate_ > 0 ? std::exp(-seconds / kMemorySeconds) : 0;
    rate_ = keep * rate_ + (1 - keep) * rate;
  }
  last_steps_ = steps_done;
  last_ = now;
}

std::optional<Duration> Speed::time_for(std::uint64_t steps_left) const {
  if (rate_ <= 1e-6) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(steps_left) / rate_));
}

std::vector<std::string> bar_lines(const Progress& progress, const Speed& speed, std::size_t columns, std::size_t most_lines) {
  const std::string text = numbers(progress, speed);
  const std::size_t taken = width(progress.name) + width(text) + 6;
  const std::size_t length = std::clamp(columns > taken ? columns - taken : 0, kMinBar, kMaxBar);
  std::vector<std::string> lines = {fmt::format("{}  {}  {}", progress.name, bar(progress.fraction(), length), text)};
  const std::size_t others = lines.size() + progress.stalls.size();
  add_stages(progress, most_lines - std::min(most_lines, others), lines);
  for (const std::string& stall : progress.stalls) lines.push_back("  stalled: " + stall);
  if (lines.size() > most_lines) lines.resize(most_lines);
  for (std::string& line : lines) line = one_line(line, columns);
  return lines;
}

std::string plain_line(const Progress& progress, const Speed& speed) {
  std::string line = fmt::format("{}: {}", progress.name, numbers(progress, speed));
  for (const StageProgress& stage : progress.stages) {
    line += fmt::format("; {} {}/{}", stage.name, count_text(stage.finished), count_text(stage.put));
    if (stage.failed > 0) line += fmt::format(" ({} failed)", count_text(stage.failed));
  }
  for (const std::string& stall : progress.stalls) line += "; stalled: " + stall;
  return line;
}

std::string result_text(const Progress& progress) {
  std::string text = fmt::format("{} put, {} done, {} failed", count_text(progress.put), count_text(progress.done),
                                 count_text(progress.failed));
  if (progress.discarded > 0) text += fmt::format(", {} discarded", count_text(progress.discarded));
  return text;
}

}  // namespace sluice::cli
