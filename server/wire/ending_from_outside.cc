// Cancelling items, and sending dead letters back.
#include <charconv>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/requests.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr Field kRequest;
constexpr std::string_view kBehind = "behind:";

std::vector<model::ItemId> read_ids(Reader& reader, const google::protobuf::RepeatedField<std::uint64_t>& ids, int least,
                                    std::size_t most) {
  std::vector<model::ItemId> items;
  if (ids.size() < least || static_cast<std::size_t>(ids.size()) > most) {
    reader.complain(Reason::kInvalidValue, {kRequest, "item_ids"},
                    fmt::format("has {} entries; {} to {} are allowed", ids.size(), least, most));
    return items;
  }
  items.reserve(static_cast<std::size_t>(ids.size()));
  for (const std::uint64_t id : ids) items.push_back(model::ItemId{id});
  return items;
}

// "behind:PRIORITY:RANK".
std::optional<engine::RedriveCursor> cursor_in(std::string_view token) {
  if (!token.starts_with(kBehind)) return std::nullopt;
  engine::RedriveCursor cursor;
  const char* const end = token.data() + token.size();
  const auto priority = std::from_chars(token.data() + kBehind.size(), end, cursor.priority);
  if (priority.ec != std::errc{} || priority.ptr == end || *priority.ptr != ':') return std::nullopt;
  const auto rank = std::from_chars(priority.ptr + 1, end, cursor.rank);
  if (rank.ec != std::errc{} || rank.ptr != end) return std::nullopt;
  return cursor;
}

v1::CancelOutcome message_of(engine::CancelOutcome outcome) {
  switch (outcome) {
    case engine::CancelOutcome::kCancelled:
      return v1::CANCEL_OUTCOME_CANCELLED;
    case engine::CancelOutcome::kRevoked:
      return v1::CANCEL_OUTCOME_REVOKED;
    case engine::CancelOutcome::kGone:
      return v1::CANCEL_OUTCOME_GONE;
    case engine::CancelOutcome::kUnknown:
      return v1::CANCEL_OUTCOME_UNKNOWN;
  }
  return v1::CANCEL_OUTCOME_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<CancelCommand> cancel_of(const v1::CancelItemsRequest& request) {
  Reader reader;
  CancelCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  command.items = read_ids(reader, request.item_ids(), 1, limits::kMaxBatch);
  if (!reader.ok()) return reader.status();
  return command;
}

void fill(const CancelCommand& command, const std::vector<engine::CancelOutcome>& outcomes, v1::CancelItemsResponse& response) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    v1::CancelResult& result = *response.add_results();
    result.set_item_id(model::number(command.items[i]));
    result.set_outcome(message_of(outcomes[i]));
  }
}

absl::StatusOr<engine::RedriveCommand> redrive_of(const v1::RedriveItemsRequest& request) {
  Reader reader;
  engine::RedriveCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  if (!request.to().empty()) command.to = reader.name({kRequest, "to"}, request.to());
  if (!request.reason().empty()) {
    command.reason = reader.text({kRequest, "reason"}, request.reason(), limits::kMaxFailureReasonBytes);
  }
  command.items = read_ids(reader, request.item_ids(), 0, limits::kMaxRedriven);
  if (!request.page_token().empty()) {
    command.after = cursor_in(request.page_token());
    if (!command.after || !command.items.empty()) {
      reader.complain(Reason::kInvalidValue, {kRequest, "page_token"},
                      "is no next_page_token of this call, or stands beside item_ids; leave it empty for the first call");
    }
  }
  if (!reader.ok()) return reader.status();
  return command;
}

void fill(const engine::RedriveResult& result, v1::RedriveItemsResponse& response) {
  response.set_redriven(result.redriven);
  response.set_left_full(result.full);
  response.set_left_closed(result.closed);
  response.set_left_homeless(result.homeless);
  response.set_left_duplicate(result.duplicate);
  response.set_missing(result.missing);
  if (result.next) {
    response.set_next_page_token(fmt::format("{}{}:{}", kBehind, result.next->priority, result.next->rank));
  }
}

}  // namespace sluice::wire
