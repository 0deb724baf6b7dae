// What one does to items by their lease tokens.
#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

template <class Response>
int report(Session& session, const Response& response) {
  int exit_code = kOk;
  if (session.json()) print_json(response);
  for (const v1::LeaseResult& result : response.results()) {
    if (result.error_reason().empty()) continue;
    say(fmt::format("{}: token {}: {}", result.error_reason(), result.lease_token(), result.error_message()));
    exit_code = kFailed;
  }
  return exit_code;
}

}  // namespace

int done(Session& session, const LeaseArguments& arguments) {
  v1::CompleteRequest request;
  request.set_queue(arguments.queue);
  request.set_request_id(session.connection()->new_request_id());
  for (const LeaseToken token : arguments.tokens) request.add_completions()->set_lease_token(token);
  return report(session, session.connection()->call(request, {}));
}

int fail(Session& session, const FailArguments& arguments) {
  v1::FailRequest request;
  request.set_queue(arguments.leases.queue);
  request.set_request_id(session.connection()->new_request_id());
  for (const LeaseToken token : arguments.leases.tokens) {
    v1::FailedLease& lease = *request.add_leases();
    lease.set_lease_token(token);
    lease.mutable_failure()->set_message(arguments.message);
    lease.set_do_not_retry(arguments.do_not_retry);
    if (arguments.delay) *lease.mutable_retry_delay() = internal::to_proto(*arguments.delay);
  }
  return report(session, session.call(request));
}

int extend(Session& session, const ExtendArguments& arguments) {
  v1::ExtendRequest request;
  request.set_queue(arguments.leases.queue);
  for (const LeaseToken token : arguments.leases.tokens) request.add_lease_tokens(token);
  if (arguments.lease) *request.mutable_lease_duration() = internal::to_proto(*arguments.lease);
  return report(session, session.call(request));
}

int release(Session& session, const LeaseArguments& arguments) {
  v1::ReleaseRequest request;
  request.set_queue(arguments.queue);
  for (const LeaseToken token : arguments.tokens) request.add_lease_tokens(token);
  return report(session, session.call(request));
}

}  // namespace sluice::cli
