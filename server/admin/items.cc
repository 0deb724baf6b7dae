#include "server/admin/items.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
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

// The beginning of a character whose end is not there.
bool is_part_of_character(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes.front());
  const std::size_t length = lead > 0xf4 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  return bytes.size() < length && std::ranges::all_of(bytes.substr(1), [](char c) { return (c & 0xc0) == 0x80; });
}

// The payload as text; without data if it is none. One that was cut may have lost the end of its last character.
std::string_view text_of(std::string_view payload, bool was_cut) {
  if (wire::is_utf8(payload)) return payload;
  constexpr std::size_t kLongestPart = 3;
  for (std::size_t less = 1; was_cut && less <= std::min(kLongestPart, payload.size()); ++less) {
    const auto text = payload.substr(0, payload.size() - less);
    if (is_part_of_character(payload.substr(text.size())) && wire::is_utf8(text)) return text;
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

// Looks into one queue after the other, and answers at the end.
class DeadLetters : public std::enable_shared_from_this<DeadLetters> {
 public:
  DeadLetters(const House& house, Reply reply)
      : house_(house), reply_(std::move(reply)), queues_(see_queues(house.runtime)), next_(queues_.begin()) {
    for (const auto& queue : queues_) targets_.insert(queue.settings.dead_letter_queue);
  }

  void go_on() {
    next_ = std::find_if(next_, queues_.end(), [this](const engine::QueueView& queue) {
      return targets_.contains(queue.name) && queue.unfinished() > 0;
    });
    if (next_ == queues_.end()) return finish();
    house_.runtime.peek(next_->name, std::nullopt, 0, std::min(left_, kDeadLettersOfOneQueue),
                        [self = shared_from_this()](const absl::StatusOr<runtime::PeekedPage>& page) { self->note(page); });
  }

 private:
  void note(const absl::StatusOr<runtime::PeekedPage>& page) {
    Json items = Json::array();
    // A queue that is gone by now has none.
    if (!page.ok() && !base::is(page.status(), Reason::kQueueNotFound)) return reply_(problem(page.status()));
    if (page.ok()) {
      for (const auto& item : page->items) items.push_back(item_json(item, limits::kDefaultPeekPayloadBytes));
    }
    left_ -= items.size();
    list_.push_back({{"queue", next_->name}, {"unfinished", next_->unfinished()}, {"items", std::move(items)}});
    ++next_;
    go_on();
  }

  void finish() {
    Response response;
    response.body = dump({{"dead_letters", std::move(list_)}});
    reply_(std::move(response));
  }

  const House& house_;
  const Reply reply_;
  const std::vector<engine::QueueView> queues_;
  std::vector<engine::QueueView>::const_iterator next_;
  std::set<std::string> targets_;
  std::size_t left_ = limits::kMaxDeadLettersListed;
  Json list_ = Json::array();
};

Response items_response(const runtime::PeekedPage& page, const wire::PeekCommand& command) {
  Json list = Json::array();
  std::size_t bytes = 0;
  for (const auto& item : page.items) {
    if (bytes > limits::kMaxGetBytes) break;
    bytes += std::min<std::size_t>(item.body->payload.size(), command.max_payload_bytes);
    list.push_back(item_json(item, command.max_payload_bytes));
  }
  const bool more = page.more || page.items.size() > list.size();
  const std::string next = more ? wire::token_at(command.offset + list.size()) : "";
  Response response;
  response.body = dump({{"items", std::move(list)}, {"next_page_token", next}});
  return response;
}

}  // namespace

void list_items(const House& house, const Match& match, Reply reply) {
  const auto command = peek_command(match);
  if (!command.ok()) return reply(problem(command.status()));
  house.runtime.peek(command->queue, command->state, command->offset, command->limit,
                     [reply = std::move(reply), command = *command](const absl::StatusOr<runtime::PeekedPage>& page) {
                       if (!page.ok()) return reply(problem(about(page.status(), "queue", command.queue)));
                       reply(items_response(*page, command));
                     });
}

void list_dead_letters(const House& house, Reply reply) { std::make_shared<DeadLetters>(house, std::move(reply))->go_on(); }

}  // namespace sluice::admin
