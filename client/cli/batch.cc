#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

std::string_view state_text(v1::BatchState state) {
  switch (state) {
    case v1::BATCH_STATE_OPEN:
      return "open";
    case v1::BATCH_STATE_SEALED:
      return "running";
    case v1::BATCH_STATE_DONE:
      return "done";
    case v1::BATCH_STATE_ABANDONED:
      return "abandoned";
    default:
      return "?";
  }
}

std::uint32_t running(const v1::Batch& batch) { return batch.jobs() - batch.succeeded() - batch.failed(); }

std::string end_text(const v1::Batch& batch) {
  return batch.has_end_time() ? time_text(internal::from_proto(batch.end_time())) : "-";
}

void tell(const v1::Batch& batch) {
  const auto line = [](std::string_view name, const std::string& value) { print(fmt::format("{:<10} {}\n", name, value)); };
  line("batch", std::to_string(batch.batch_id()));
  line("state", std::string(state_text(batch.state())));
  line("jobs", fmt::format("{}: {} running, {} succeeded, {} failed", count_text(batch.jobs()), count_text(running(batch)),
                           count_text(batch.succeeded()), count_text(batch.failed())));
  line("created", time_text(internal::from_proto(batch.create_time())));
  line("ended", end_text(batch));
  if (!batch.callback_queue().empty()) line("callback", fmt::format("an item into \"{}\"", batch.callback_queue()));
  if (!batch.callback_error().empty()) line("", batch.callback_error());
}

}  // namespace

int batch_list(Session& session) {
  Table table({">BATCH", "STATE", ">JOBS", ">RUNNING", ">SUCCEEDED", ">FAILED", "CREATED", "ENDED"});
  v1::ListBatchesRequest request;
  do {
    const auto response = session.call(request);
    for (const v1::Batch& batch : response.batches()) {
      if (session.json()) print_json_line(batch);
      table.add({std::to_string(batch.batch_id()), std::string(state_text(batch.state())), count_text(batch.jobs()),
                 count_text(running(batch)), count_text(batch.succeeded()), count_text(batch.failed()),
                 time_text(internal::from_proto(batch.create_time())), end_text(batch)});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text());
  return kOk;
}

int batch_show(Session& session, const BatchArguments& arguments) {
  v1::GetBatchRequest request;
  request.set_batch_id(arguments.batch);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.batch());
  } else {
    tell(response.batch());
  }
  return kOk;
}

}  // namespace sluice::cli
