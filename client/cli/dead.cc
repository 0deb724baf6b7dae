// Dead letters: looking at them, and sending them back.
#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/item_json.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"
#include "client/src/limits.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMessageColumns = 60;
constexpr std::uint32_t kPayloadBytes = 1024;

// Where a dead letter comes from; those of older versions tell it by their failure.
const std::string& origin_of(const v1::PeekedItem& item) {
  return item.dead_from().empty() ? item.last_failure().queue() : item.dead_from();
}

std::string left_text(std::uint64_t count, std::string_view why) {
  return count == 0 ? "" : fmt::format("{} left: {}\n", items_text(count), why);
}

}  // namespace

int dead_list(Session& session, const DeadListArguments& arguments) {
  Table table({">ITEM", "FROM", "REASON", ">ATTEMPTS", "SINCE", ">SIZE", "MESSAGE"});
  v1::PeekRequest request;
  request.set_queue(arguments.queue);
  request.set_page_size(internal::kPageSize);
  request.set_max_payload_bytes(session.json() ? kPayloadBytes : 0);
  do {
    const auto response = session.call(request);
    for (const v1::PeekedItem& item : response.items()) {
      const v1::Failure& failure = item.last_failure();
      if (!arguments.reason.empty() && failure.reason() != arguments.reason) continue;
      if (session.json()) print(item_json(item));
      table.add({std::to_string(item.item_id()), origin_of(item), failure.reason(), count_text(failure.attempt()),
                 time_text(internal::from_proto(item.put_time())), bytes_text(item.payload_bytes()),
                 one_line(failure.message(), kMessageColumns)});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text());
  return kOk;
}

int dead_redrive(Session& session, const RedriveArguments& arguments) {
  const RedriveResult result =
      session.queue(arguments.queue).redrive({.to = arguments.to, .reason = arguments.reason, .items = arguments.items});
  if (session.json()) {
    v1::RedriveItemsResponse sum;
    sum.set_redriven(static_cast<std::uint32_t>(result.redriven));
    sum.set_left_full(static_cast<std::uint32_t>(result.left_full));
    sum.set_left_closed(static_cast<std::uint32_t>(result.left_closed));
    sum.set_left_homeless(static_cast<std::uint32_t>(result.left_homeless));
    sum.set_left_duplicate(static_cast<std::uint32_t>(result.left_duplicate));
    sum.set_missing(static_cast<std::uint32_t>(result.missing));
    print_json(sum);
  } else {
    print(fmt::format("{} redriven\n", items_text(result.redriven)));
  }
  const std::string left =
      left_text(result.left_full, "there is no room where they would go to; try again later") +
      left_text(result.left_closed, "the queue where they would go to is closed; name another with --to") +
      left_text(result.left_homeless, "the queue that they come from is gone, or they come from none; name one with --to") +
      left_text(result.left_duplicate, "their unique key is in use where they would go to") +
      left_text(result.missing, "not waiting in this queue, or of another reason");
  if (left.empty()) return kOk;
  say(left.substr(0, left.size() - 1));
  return kFailed;
}

}  // namespace sluice::cli
