#include "server/handlers/coprocess/verdict.h"

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/handlers/exits.h"
#include "server/handlers/utf8.h"

namespace sluice::handlers {
namespace {

namespace reason = model::failure_reason;

Error error_of(std::string_view why, std::string message) {
  Error error;
  error.failure.reason = why;
  error.failure.message = std::move(message);
  return error;
}

std::string with_last_line(std::string message, const ChildEnd& end) {
  if (const auto line = last_line(end.stderr_tail); !line.empty()) message += ": " + line;
  return message;
}

Error ended(std::string_view name, const ChildEnd& end) {
  if (end.killed) {
    const std::string_view what = end.cause == Cause::kFinished ? "did not exit after its standard input was closed"
                                                                : "closed its standard input or output, did not exit";
    return error_of(reason::kChildEnded, fmt::format("{} {}, and was killed with this item in its hand", name, what));
  }
  if (!end.how.has_ended()) return error_of(reason::kChildEnded, fmt::format("{} could not be ended", name));
  auto message = fmt::format("{} {}{} with this item in its hand", name, how_it_ended(end.how), hint_at(end.how));
  if (end.how.signal) return error_of(reason::kSignaled, with_last_line(std::move(message), end));
  if (end.how.exit_code && !end.how.is_success()) return error_of(reason::kExitCode, with_last_line(std::move(message), end));
  return error_of(reason::kChildEnded, with_last_line(std::move(message), end));
}

Error timed_out(std::string_view name, const CoprocessPlan& plan, const Job& job, const ChildEnd& end) {
  const auto time = in_words(plan.spec().timeout.value_or(base::Duration::zero()));
  if (!job.is_culprit) {
    return error_of(
        reason::kChildEnded,
        fmt::format("{} was ended because it did not answer another item that it had in hand within {}", name, time));
  }
  return error_of(reason::kTimedOut, fmt::format("{} did not answer within {} and was {}", name, time,
                                                 end.killed ? "killed, because SIGTERM did not end it" : "terminated"));
}

Error nonsense(std::string_view name, const Job& job, const ChildEnd& end) {
  if (end.nonsense_reason == reason::kOutputTooLarge && !job.is_culprit) {
    return error_of(reason::kChildEnded, fmt::format("{} was ended because of another item: it {}", name, end.nonsense));
  }
  return error_of(end.nonsense_reason, fmt::format("{} {}; it was ended with this item in its hand", name, end.nonsense));
}

Error decide(const CoprocessPlan& plan, const Job& job, const ChildEnd& end) {
  const std::string& name = plan.program().name();
  switch (end.cause) {
    case Cause::kTimedOut:
      return timed_out(name, plan, job, end);
    case Cause::kNonsense:
      return nonsense(name, job, end);
    case Cause::kGivenUp:
      return error_of(reason::kChildEnded,
                      fmt::format("{} was ended because another item that it had in hand was given up", name));
    case Cause::kItself:
    case Cause::kFinished:
      break;
  }
  return ended(name, end);
}

}  // namespace

Outcome judge(const CoprocessPlan& plan, const Job& job, const ChildEnd& end) {
  if (job.given_up) return given_up();
  Error error = decide(plan, job, end);
  error.failure.exit_code = end.how.exit_code;
  error.failure.signal = end.how.signal;
  error.failure.stderr_tail = end.stderr_tail;
  error.failure.message = first_characters(repair_utf8(error.failure.message), limits::kMaxFailureMessageBytes);
  return error;
}

std::string_view exit_reason(const ChildEnd& end) {
  switch (end.cause) {
    case Cause::kTimedOut:
      return reason::kTimedOut;
    case Cause::kNonsense:
      return end.nonsense_reason;
    case Cause::kGivenUp:
      return Exits::kGivenUp;
    case Cause::kItself:
    case Cause::kFinished:
      break;
  }
  if (end.how.is_success()) return Exits::kSucceeded;
  if (end.how.signal) return reason::kSignaled;
  return end.how.exit_code ? reason::kExitCode : std::string_view();
}

Error given_up() { return error_of(reason::kFailed, "given up: the server is going down, or its stage is gone"); }

Error not_started(const CoprocessPlan& plan, const SpawnError& error) {
  return error_of(reason::kSpawnFailed, why_not_started(plan.program(), plan.program().name(), plan.surroundings(), error));
}

}  // namespace sluice::handlers
