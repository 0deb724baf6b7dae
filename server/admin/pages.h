// Answers that are lists, page by page.
#pragma once

#include <functional>
#include <string_view>

#include "server/admin/house.h"
#include "server/admin/items.h"
#include "server/admin/json.h"
#include "server/admin/messages.h"
#include "server/admin/router.h"
#include "server/wire/page.h"

namespace sluice::admin {

[[nodiscard]] inline Response answer(const Json& json) {
  Response response;
  response.body = dump(json);
  return response;
}

template <class Entry>
[[nodiscard]] Json shown(const Entry& entry) {
  return json_of(message_of(entry));
}
// How large its payload is, in place of the payload.
[[nodiscard]] inline Json shown(const engine::ScheduleView& schedule) {
  Json json = json_of(message_of(schedule));
  json["spec"].erase("payload");
  json["spec"]["payload_bytes"] = schedule.spec.body->payload.size();
  return json;
}

// One entry more than is shown tells whether there is a next page. `token(entry)` is where it begins, if that was the last one.
template <class Entries, class Token>
Json page_json(std::string_view key, const Entries& entries, std::size_t size, Token token) {
  Json list = Json::array();
  for (const auto& entry : entries) {
    if (list.size() == size) break;
    list.push_back(shown(entry));
  }
  const bool more = entries.size() > size;
  return {{key, std::move(list)}, {"next_page_token", more ? token(entries[size - 1]) : ""}};
}

// The parameters of a page, as a request of the API.
template <class Request>
[[nodiscard]] absl::StatusOr<Request> page_request(const Match& match) {
  Request request;
  auto status = read_number(match, "page_size", [&](std::uint32_t size) { request.set_page_size(size); });
  if (!status.ok()) return status;
  request.set_page_token(match.query("page_token"));
  return request;
}

// Adds a route that shows something.
inline void add_view(const House& house, Router& router, std::string_view path, Response (*show)(const House&, const Match&)) {
  router.add("GET", path, [&house, show](const Match& match) { return show(house, match); });
}

}  // namespace sluice::admin
