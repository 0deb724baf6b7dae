// Any number of items into a queue, in parts that it can take.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/src/connection.h"
#include "sluice/options.h"

namespace sluice::internal {

// Puts all of `items`, in order, each part by itself all or none. The items are used up.
std::vector<ItemId> put_parts(Connection& connection, const std::string& queue, std::vector<v1::NewItem>&& items,
                              const PutAllOptions& options);

}  // namespace sluice::internal
