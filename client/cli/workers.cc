#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {

int workers(Session& session, const WorkersArguments& arguments) {
  Table table({">ID", "NAME", "HOST", "PIPELINE", "STAGE", ">HOLDS", ">DONE", ">FAILED", "SINCE"});
  v1::ListWorkersRequest request;
  request.set_pipeline(arguments.pipeline);
  do {
    const auto response = session.call(request);
    for (const v1::Worker& worker : response.workers()) {
      if (session.json()) print_json_line(worker);
      table.add({std::to_string(worker.worker_id()), worker.name().empty() ? "-" : worker.name(), worker.host(),
                 worker.pipeline(), worker.stage(), count_text(worker.in_flight()), count_text(worker.done()),
                 count_text(worker.failed()), time_text(internal::from_proto(worker.attach_time()))});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text());
  return kOk;
}

}  // namespace sluice::cli
