// What one does to a queue as a whole.
#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

// Makes a call whose answer is the queue.
template <class Request>
int change(Session& session, Request request, const std::string& name, std::string_view what) {
  request.set_queue(name);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.queue());
  } else {
    print(fmt::format("queue \"{}\" is {}; {} unfinished\n", name, what, items_text(response.queue().unfinished())));
  }
  return kOk;
}

// Makes a call whose answer says how many items went.
template <class Request>
int discard(Session& session, Request request, const std::string& name, std::string_view what) {
  request.set_queue(name);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response);
  } else {
    print(fmt::format("queue \"{}\" {}; {} discarded\n", name, what, items_text(response.discarded())));
  }
  return kOk;
}

}  // namespace

int remove(Session& session, const RemoveArguments& arguments) {
  v1::DeleteQueueRequest request;
  request.set_force(arguments.force);
  return discard(session, request, arguments.name, "is deleted");
}

int close(Session& session, const CloseArguments& arguments) {
  v1::CloseQueueRequest request;
  request.set_immediate(arguments.immediate);
  return change(session, request, arguments.name, "closed");
}

int pause(Session& session, const NameArguments& arguments) {
  return change(session, v1::PauseQueueRequest(), arguments.name, "paused");
}

int resume(Session& session, const NameArguments& arguments) {
  return change(session, v1::ResumeQueueRequest(), arguments.name, "running");
}

int purge(Session& session, const NameArguments& arguments) {
  return discard(session, v1::PurgeQueueRequest(), arguments.name, "is purged");
}

}  // namespace sluice::cli
