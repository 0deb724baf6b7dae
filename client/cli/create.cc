#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/settings.h"

namespace sluice::cli {

int create(Session& session, const CreateArguments& arguments) {
  v1::CreateQueueRequest request;
  request.mutable_queue()->set_name(arguments.name);
  *request.mutable_queue()->mutable_settings() = settings_proto(arguments.settings);
  request.set_allow_existing(arguments.if_missing);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.queue());
  } else {
    print(fmt::format("queue \"{}\" is there\n", response.queue().name()));
  }
  return kOk;
}

int update(Session& session, const UpdateArguments& arguments) {
  v1::UpdateQueueRequest request;
  request.set_queue(arguments.name);
  *request.mutable_settings() = settings_proto(arguments.settings);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.queue());
  } else {
    print(queue_text(response.queue()));
  }
  return kOk;
}

}  // namespace sluice::cli
