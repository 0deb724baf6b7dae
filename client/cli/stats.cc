// `sluice stats`: rates and depths, once or again and again.
#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/cli/watch/observer.h"
#include "client/cli/watch/report.h"

namespace sluice::cli {
namespace {

constexpr Duration kInterval = std::chrono::seconds(1);
// A heading comes again after so many lines.
constexpr std::uint64_t kLinesUnderHeading = 20;

// One queue is a line each time; several are a table.
void print_sample(Session& session, const Activity& activity, bool one, std::uint64_t samples_before) {
  if (session.json()) return print(report_json(activity));
  if (one) {
    if (samples_before % kLinesUnderHeading == 0) print(report_heading());
    return print(report_line(activity, activity.queues.front()));
  }
  if (samples_before > 0) print("\n");
  print(fmt::format("{}\n{}", time_text(activity.time), report_text(activity)));
}

}  // namespace

int stats(Session& session, const StatsArguments& arguments) {
  const Interrupt interrupt;
  Looks looks(*session.connection(), {.queues = arguments.queues});
  (void)looks.next({.stop = interrupt.first()});
  const bool one = arguments.queues.size() == 1;
  const std::uint64_t most = arguments.watch ? arguments.count.value_or(0) : 1;
  for (std::uint64_t samples = 0; most == 0 || samples < most; ++samples) {
    if (!pause(arguments.watch.value_or(kInterval), interrupt.first())) return kInterrupted;
    print_sample(session, looks.next({.stop = interrupt.first()}), one, samples);
    if (!flush_output()) return kFailed;
  }
  return kOk;
}

}  // namespace sluice::cli
