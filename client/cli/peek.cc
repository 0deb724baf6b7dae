#include <algorithm>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/item_json.h"
#include "client/cli/item_progress.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"
#include "client/src/limits.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kPayloadColumns = 40;
constexpr std::size_t kFailureColumns = 60;

std::string state_name(v1::ItemState state) {
  switch (state) {
    case v1::ITEM_STATE_DELAYED:
      return "delayed";
    case v1::ITEM_STATE_LEASED:
      return "leased";
    default:
      return "waiting";
  }
}

std::string failure_text(const v1::Failure& failure) {
  if (failure.reason().empty()) return "";
  return failure.message().empty() ? failure.reason() : fmt::format("{}: {}", failure.reason(), failure.message());
}

std::vector<std::string> row(const v1::PeekedItem& item) {
  return {std::to_string(item.item_id()),
          state_name(item.state()),
          std::to_string(item.attempt()),
          time_text(internal::from_proto(item.put_time())),
          bytes_text(item.payload_bytes()),
          one_line(item.payload(), kPayloadColumns),
          item.consumer(),
          progress_text(item.progress()),
          one_line(failure_text(item.last_failure()), kFailureColumns)};
}

}  // namespace

int peek(Session& session, const PeekArguments& arguments) {
  Table table({">ITEM", "STATE", ">ATTEMPT", "PUT", ">SIZE", "PAYLOAD", "HELD BY", "PROGRESS", "LAST FAILURE"});
  v1::PeekRequest request;
  request.set_queue(arguments.queue);
  request.set_max_payload_bytes(arguments.max_bytes);
  for (std::uint32_t left = arguments.count; left > 0;) {
    request.set_page_size(std::min(left, internal::kPageSize));
    const auto response = session.call(request);
    for (const v1::PeekedItem& item : response.items()) {
      if (session.json()) print(item_json(item));
      table.add(row(item));
    }
    left -= std::min(left, static_cast<std::uint32_t>(response.items_size()));
    request.set_page_token(response.next_page_token());
    if (request.page_token().empty()) break;
  }
  if (!session.json()) print(table.text());
  return kOk;
}

}  // namespace sluice::cli
