// Puts: one whose outcome is known even when it is stopped, and any number of items in parts that the queue can take.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "client/src/connection.h"
#include "sluice/options.h"

namespace sluice::internal {

// Makes the call, under a new request_id. A stop ends its wait with Cancelled: then nothing was put, or, where the server does
// not answer in time, the error says so in metadata()["outcome"] = "unknown".
v1::PutResponse put_once(Connection& connection, v1::PutRequest& request, std::optional<Duration> max_wait,
                         const std::stop_token& stop);

// Puts all of `items`, in order, each part by itself all or none. The items are used up.
std::vector<ItemId> put_parts(Connection& connection, const std::string& queue, std::vector<v1::NewItem>&& items,
                              const PutAllOptions& options);

}  // namespace sluice::internal
