// Items as they are shown.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "server/admin/house.h"
#include "server/admin/http.h"
#include "server/admin/router.h"

namespace sluice::admin {

// Both answer once everything that they show is committed, and read back from the store where it is not in memory.
// A page of a queue's items, as Peek gives it.
void list_items(const House& house, const Match& match, Reply reply);
// The first items of every queue that takes another's dead letters.
void list_dead_letters(const House& house, Reply reply);

// For the routes.
// Calls `set` with the query's whole number, if there is one. INVALID_VALUE.
[[nodiscard]] absl::Status read_number(const Match& match, std::string_view key, const std::function<void(std::uint32_t)>& set);
// The status, with what it is about.
[[nodiscard]] absl::Status about(absl::Status status, std::string_view key, std::string_view name);

}  // namespace sluice::admin
