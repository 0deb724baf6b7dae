// A command that is run for one item, wherever the item comes from: payload on its standard input, the result from its
// standard output.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/child.h"
#include "sluice/types.h"

namespace sluice::cli {

// What the command is told of its item. Refers to the item, which must outlive it.
struct CommandItem {
  ItemId id = 0;
  std::uint32_t attempt = 1;
  const std::string& queue;
  std::string_view stage;  // empty: of a queue
  const std::string& payload;
  const Attributes& attributes;
};

// Once, before the first command.
void prepare_for_commands();

// Runs to its end; `stop` ends it early. `on_progress` is told, on the calling thread, how far it says it is.
[[nodiscard]] ChildResult run_command(const CommandItem& item, const std::vector<std::string>& command,
                                      const std::stop_token& stop, std::function<void(const progress::Line&)> on_progress);

// "item 17", or, where it belongs to a trace, "item 17 of trace 4bf9...".
[[nodiscard]] std::string name_of(const CommandItem& item);

// Of a command that did not succeed.
[[nodiscard]] Failure failure_of(const ChildResult& result, const std::string& program);

}  // namespace sluice::cli
