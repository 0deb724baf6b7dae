#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"

namespace sluice::cli {
namespace {

std::string_view outcome_text(v1::CancelOutcome outcome) {
  switch (outcome) {
    case v1::CANCEL_OUTCOME_CANCELLED:
      return "cancelled";
    case v1::CANCEL_OUTCOME_REVOKED:
      return "cancelled; who worked on it is told to stop";
    case v1::CANCEL_OUTCOME_GONE:
      return "not in the queue any more: it has ended, or went to another";
    default:
      return "no item ever had this id";
  }
}

}  // namespace

int cancel(Session& session, const CancelArguments& arguments) {
  v1::CancelItemsRequest request;
  request.set_queue(arguments.queue);
  for (const ItemId id : arguments.items) request.add_item_ids(id);
  const auto response = session.call(request);
  if (session.json()) print_json(response);
  int exit_code = kOk;
  for (const v1::CancelResult& result : response.results()) {
    const bool ended = result.outcome() == v1::CANCEL_OUTCOME_CANCELLED || result.outcome() == v1::CANCEL_OUTCOME_REVOKED;
    const std::string text = fmt::format("item {}: {}", result.item_id(), outcome_text(result.outcome()));
    if (!ended) {
      say(text);
      exit_code = kFailed;
    } else if (!session.json()) {
      print(text + "\n");
    }
  }
  return exit_code;
}

}  // namespace sluice::cli
