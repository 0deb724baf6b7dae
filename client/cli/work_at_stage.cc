// A remote worker of a stage: runs a command for each item.
#include <mutex>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/item_command.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/src/stage_crew.h"

namespace sluice::cli {
namespace {

using internal::FailedItem;
using internal::ItemEnd;
using internal::ReleasedItem;
using internal::StageCrew;

struct StageName {
  std::string pipeline;
  std::string stage;
};

StageName stage_of(const WorkArguments& arguments) {
  if (!arguments.pipeline.empty()) return {arguments.pipeline, arguments.stage};
  const std::size_t slash = arguments.stage.find('/');
  return {arguments.stage.substr(0, slash), arguments.stage.substr(slash + 1)};
}

CommandItem command_item(const StageItem& item) {
  return {.id = item.id,
          .attempt = item.attempt,
          .queue = item.queue,
          .stage = item.stage,
          .payload = item.payload,
          .attributes = item.attributes};
}

// The commands of one `sluice work --stage`, and what became of their items.
class StageWork {
 public:
  StageWork(const WorkArguments& arguments, std::stop_token give_up) : arguments_(arguments), give_up_(std::move(give_up)) {}

  ItemEnd handle(const StageItem& item) const {
    std::stop_source stop;
    const std::stop_callback on_give_up(give_up_, [&stop] { stop.request_stop(); });
    const std::stop_callback on_cancel(item.cancelled, [&stop] { stop.request_stop(); });
    ChildResult result = run_command(command_item(item), arguments_.command, stop.get_token(),
                                     [&item](const progress::Line& line) { item.progress(line.fraction, line.message); });
    if (result.stopped) return ReleasedItem{};
    if (result.succeeded()) return std::vector<StageOutput>{{.payload = std::move(result.output), .attributes = {}}};
    FailedItem failed{.failure = failure_of(result, arguments_.command.front())};
    say(fmt::format("{}: {}: {}", name_of(command_item(item)), failed.failure.reason, failed.failure.message));
    return failed;
  }

  void note(const StageItem& item, const ItemEnd& end, const Error* error) {
    if (error != nullptr) say(fmt::format("{}: {}: {}", name_of(command_item(item)), error->reason(), error->what()));
    const std::lock_guard lock(mutex_);
    if (error != nullptr) {
      ++(error->reason() == "LEASE_LOST" ? lost_ : failed_);
    } else if (std::holds_alternative<ReleasedItem>(end)) {
      ++released_;
    } else {
      ++(std::holds_alternative<FailedItem>(end) ? failed_ : done_);
    }
  }

  [[nodiscard]] std::string summary() const {
    std::string text = fmt::format("{} done, {} failed", count_text(done_), count_text(failed_));
    if (released_ > 0) text += fmt::format(", {} given back", count_text(released_));
    if (lost_ > 0) text += fmt::format(", {} lost", count_text(lost_));
    return text;
  }

 private:
  const WorkArguments& arguments_;
  const std::stop_token give_up_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace

int work_at_stage(Session& session, const WorkArguments& arguments) {
  prepare_for_commands();
  const Interrupt interrupt;
  const StageName name = stage_of(arguments);
  StageWork work(arguments, interrupt.second());
  const StageCrew::Order order{
      .pipeline = name.pipeline,
      .stage = name.stage,
      .name = arguments.name,
      .concurrency = arguments.jobs,
      .stop = interrupt.first(),
      .handle = [&work](const StageItem& item) { return work.handle(item); },
      .on_end = [&work](const StageItem& item, const ItemEnd& end, const Error* error) { work.note(item, end, error); },
      .on_attached = [&name] { say(fmt::format("attached to stage {} of pipeline {}", name.stage, name.pipeline)); }};
  const std::stop_callback on_finish(interrupt.first(),
                                     [] { say("finishing what runs; once more to give it back to the queue"); });
  try {
    StageCrew(*session.connection(), order).run();
  } catch (const Error&) {
    say(work.summary());
    throw;
  }
  say(work.summary());
  return interrupt.first().stop_requested() ? kInterrupted : kOk;
}

}  // namespace sluice::cli
