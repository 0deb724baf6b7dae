#include "server/wire/progress.h"

#include "server/base/limits.h"
#include "server/wire/time.h"
#include "server/wire/utf8.h"

namespace sluice::wire {

std::vector<Report> reports_of(const google::protobuf::RepeatedPtrField<v1::ProgressReport>& reports) {
  std::vector<Report> read;
  read.reserve(static_cast<std::size_t>(reports.size()));
  for (const v1::ProgressReport& report : reports) {
    Report& each = read.emplace_back();
    each.lease = model::LeaseId{report.lease_token()};
    const v1::Progress& progress = report.progress();
    if (progress.has_fraction()) each.progress.fraction = model::as_fraction(progress.fraction());
    each.progress.message = readable_head(progress.message(), limits::kMaxProgressMessageBytes);
  }
  return read;
}

void fill(const model::Progress& progress, v1::Progress& message) {
  if (progress.fraction) message.set_fraction(*progress.fraction);
  message.set_message(utf8_repaired(progress.message));
  set_time(progress.time, *message.mutable_time());
}

}  // namespace sluice::wire
