#include "server/admin/items.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "absl/strings/escaping.h"
#include "server/admin/json.h"
#include "server/admin/problem.h"
#include "server/admin/snapshot.h"
#include "server/wire/item.h"
#include "server/wire/requests.h"
#include "server/wire/utf8.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::admin {
namespace {

using base::Reason;

constexpr std::size_t kDeadLettersOfOneQueue = 20;

// The payload as text; without data if it is none. One that was cut may have lost the end of its last character.
std::string_view text_of(std::string_view payload, bool was_cut) {
  constexpr std::size_t kLongestPart = 3;
  for (std::size_t less = 0; less <= (was_cut ? std::min(kLongestPart, payload.size()) : 0); ++less) {
    const auto text = payload.substr(0, payload.size() - less);
    if (wire::is_utf8(text)) return text;
  }
  return {};
}

// Payloads that are text are shown as such, others in base64 under another name: as `sluice peek --json` does.
Json item_json(const engine::PeekedItem& peeked, std::uint32_t max_payload_bytes) {
  v1::PeekedItem message;
  wire::fill(peeked, max_payload_bytes, message);
  const std::string payload = message.payload();
  const std::string_view text = text_of(payload, payload.size() < message.payload_bytes());
  if (text.data() != nullptr) {
    message.set_payload(std::string(text));
    return json_of(message);
  }
  message.clear_payload();
  Json json = json_of(message);
  json.erase("payload");
  json["payload_base64"] = absl::Base64Escape(payload);
  return json;
}

absl::StatusOr<v1::ItemState> state_named(const std::string& name) {
  if (name.empty()) return v1::ITEM_STATE_UNSPECIFIED;
  if (name == "waiting") return v1::ITEM_STATE_WAITING;
  if (name == "delayed") return v1::ITEM_STATE_DELAYED;
  if (name == "leased") return v1::ITEM_STATE_LEASED;
  return base::error(Reason::kInvalidValue,
                     fmt::format("state: {} is none; waiting, delayed and leased are", wire::in_quotes(name)));
}

absl::StatusOr<wire::PeekCommand> peek_command(const Match& match) {
  v1::PeekRequest request;
  request.set_queue(match.part("queue"));
  request.set_page_token(match.query("page_token"));
  auto status = read_number(match, "page_size", [&](std::uint32_t size) { request.set_page_size(size); });
  status.Update(read_number(match, "max_payload_bytes", [&](std::uint32_t most) { request.set_max_payload_bytes(most); }));
  const auto state = state_named(match.query("state"));
  status.Update(state.status());
  if (!status.ok()) return status;
  request.set_state(*state);
  return wire::peek_of(request);
}

absl::StatusOr<std::vector<engine::PeekedItem>> peek(const House& house, const wire::PeekCommand& command) {
  absl::StatusOr<std::vector<engine::PeekedItem>> items;
  house.runtime.apply([&](const engine::Engine& engine, base::Time, engine::Effects&) {
    items = engine.peek(command.queue, command.state, command.offset, command.limit + 1);
  });
  return items;
}

}  // namespace

Response list_items(const House& house, const Match& match) {
  const auto command = peek_command(match);
  if (!command.ok()) return problem(command.status());
  const auto items = peek(house, *command);
  if (!items.ok()) return problem(about(items.status(), "queue", command->queue));
  Json list = Json::array();
  std::size_t bytes = 0;
  for (const auto& item : *items) {
    if (list.size() == command->limit || bytes > limits::kMaxGetBytes) break;
    bytes += std::min<std::size_t>(item.body->payload.size(), command->max_payload_bytes);
    list.push_back(item_json(item, command->max_payload_bytes));
  }
  const bool more = items->size() > list.size();
  const std::string next = more ? wire::token_at(command->offset + list.size()) : "";
  Response response;
  response.body = dump({{"items", std::move(list)}, {"next_page_token", next}});
  return response;
}

Response list_dead_letters(const House& house) {
  const auto queues = see_queues(house.runtime);
  std::set<std::string> targets;
  for (const auto& queue : queues) targets.insert(queue.settings.dead_letter_queue);
  Json list = Json::array();
  std::size_t left = limits::kMaxDeadLettersListed;
  for (const auto& queue : queues) {
    if (!targets.contains(queue.name) || queue.unfinished() == 0) continue;
    wire::PeekCommand command{.queue = queue.name, .state = {}, .offset = 0, .limit = 0, .max_payload_bytes = 0};
    command.limit = static_cast<std::uint32_t>(std::min(left, kDeadLettersOfOneQueue));
    command.max_payload_bytes = limits::kDefaultPeekPayloadBytes;
    Json items = Json::array();
    // A queue that is gone by now has none.
    if (const auto found = peek(house, command); found.ok()) {
      for (const auto& item : *found) {
        if (items.size() < command.limit) items.push_back(item_json(item, command.max_payload_bytes));
      }
    }
    left -= items.size();
    list.push_back({{"queue", queue.name}, {"unfinished", queue.unfinished()}, {"items", std::move(items)}});
  }
  Response response;
  response.body = dump({{"dead_letters", std::move(list)}});
  return response;
}

}  // namespace sluice::admin
