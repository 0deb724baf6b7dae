#include "server/wire/failure.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/time.h"
#include "server/wire/utf8.h"

namespace sluice::wire {
namespace {

bool is_reason(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return text.size() <= limits::kMaxFailureReasonBytes && text.front() >= 'A' && text.front() <= 'Z' &&
         std::ranges::all_of(text, fits);
}

}  // namespace

model::Failure read_failure(Reader& reader, const Field& at, const v1::Failure& failure) {
  model::Failure read;
  if (!failure.reason().empty()) {
    if (!is_reason(failure.reason())) {
      reader.complain(base::Reason::kInvalidValue, {at, "reason"},
                      fmt::format("{} is no reason; 1 to {} of A-Z 0-9 _, a letter first, are allowed",
                                  in_quotes(failure.reason()), limits::kMaxFailureReasonBytes));
    }
    read.reason = failure.reason();
  }
  read.message = readable_head(failure.message(), limits::kMaxFailureMessageBytes);
  read.stderr_tail = readable_tail(failure.stderr_tail(), limits::kMaxStderrTailBytes);
  if (failure.has_exit_code()) read.exit_code = failure.exit_code();
  if (failure.has_signal()) read.signal = failure.signal();
  return read;
}

v1::Failure failure_message(const model::Failure& failure) {
  v1::Failure message;
  message.set_reason(readable_head(failure.reason, limits::kMaxFailureReasonBytes));
  message.set_message(readable_head(failure.message, limits::kMaxFailureMessageBytes));
  message.set_stderr_tail(readable_tail(failure.stderr_tail, limits::kMaxStderrTailBytes));
  if (failure.exit_code) message.set_exit_code(*failure.exit_code);
  if (failure.signal) message.set_signal(*failure.signal);
  message.set_queue(failure.queue);
  message.set_stage(failure.stage);
  message.set_attempt(failure.attempt);
  set_time(failure.time, *message.mutable_time());
  return message;
}

}  // namespace sluice::wire
