#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/item_json.h"
#include "client/cli/output.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

v1::GetResponse take(Session& session, const GetArguments& arguments) {
  v1::GetRequest request;
  request.set_queue(arguments.queue);
  request.set_max_items(arguments.count);
  request.set_consumer(session.connection()->options().consumer);
  if (arguments.lease) *request.mutable_lease_duration() = internal::to_proto(*arguments.lease);
  const Interrupt interrupt;
  return session.connection()->call(request, {.wait = arguments.wait, .stop = interrupt.first()});
}

// False when some of the items were no longer held; says which.
bool end(Session& session, const std::string& queue, const v1::GetResponse& taken) {
  v1::CompleteRequest request;
  request.set_queue(queue);
  request.set_request_id(session.connection()->new_request_id());
  for (const v1::LeasedItem& item : taken.items()) request.add_completions()->set_lease_token(item.lease_token());
  bool all = true;
  const v1::CompleteResponse response = session.connection()->call(request, {});
  for (const v1::LeaseResult& result : response.results()) {
    if (result.error_reason().empty()) continue;
    say(fmt::format("{}: token {}: {}", result.error_reason(), result.lease_token(), result.error_message()));
    all = false;
  }
  return all;
}

}  // namespace

int get(Session& session, const GetArguments& arguments) {
  const v1::GetResponse taken = take(session, arguments);
  if (taken.items().empty()) {
    if (taken.end_of_queue()) say(fmt::format("queue \"{}\" is closed, and nothing can come any more", arguments.queue));
    return kNothing;
  }
  const bool raw = arguments.count == 1 && !session.json();
  for (const v1::LeasedItem& item : taken.items()) print(raw ? item.payload() : item_json(item));
  if (!flush_output()) return kFailed;
  if (arguments.done) return end(session, arguments.queue, taken) ? kOk : kFailed;
  if (raw) {
    const v1::LeasedItem& item = taken.items(0);
    say(fmt::format("item {} of \"{}\" is held by token {}: end it with `sluice done {} {}`", item.item_id(), arguments.queue,
                    item.lease_token(), arguments.queue, item.lease_token()));
  }
  return kOk;
}

}  // namespace sluice::cli
