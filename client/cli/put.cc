#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "client/cli/attributes.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/moment.h"
#include "client/cli/output.h"
#include "client/cli/payload_file.h"
#include "client/cli/put_lines.h"
#include "client/cli/stream_lines.h"
#include "client/cli/text.h"
#include "client/src/convert.h"
#include "client/src/put_parts.h"
#include "proto/trace/traceparent.h"

namespace sluice::cli {
namespace {

// A program that runs in a trace has it in its environment, and what it puts belongs to it.
void add_trace(google::protobuf::Map<std::string, std::string>& attributes) {
  const char* parent = std::getenv(trace::kTraceparentVariable.data());
  if (parent == nullptr || !trace::is_traceparent(parent)) return;
  const auto [place, added] = attributes.insert({std::string(trace::kTraceparent), parent});
  const char* state = std::getenv(trace::kTracestateVariable.data());
  if (added && state != nullptr && *state != '\0' && trace::is_tracestate(state)) {
    attributes[std::string(trace::kTracestate)] = state;
  }
}

// Everything but the payload.
v1::NewItem model_item(const PutArguments& arguments) {
  v1::NewItem item;
  for (const std::string& text : arguments.attributes) {
    if (const auto attribute = parse_attribute(text)) (*item.mutable_attributes())[attribute->first] = attribute->second;
  }
  add_trace(*item.mutable_attributes());
  item.set_priority(arguments.priority);
  if (arguments.delay) *item.mutable_delay() = internal::to_proto(*arguments.delay);
  if (const auto moment = parse_moment(arguments.not_before)) *item.mutable_not_before() = *moment;
  if (arguments.time_to_live) *item.mutable_time_to_live() = internal::to_proto(*arguments.time_to_live);
  if (arguments.dedup_window) *item.mutable_dedup_window() = internal::to_proto(*arguments.dedup_window);
  item.set_dedup_key(arguments.dedup_key);
  item.set_unique_key(arguments.unique_key);
  item.set_order_key(arguments.order_key);
  return item;
}

std::vector<v1::NewItem> items_of(const PutArguments& arguments) {
  std::vector<v1::NewItem> items;
  const v1::NewItem model = model_item(arguments);
  for (const std::string& payload : arguments.payloads) {
    items.push_back(model);
    items.back().set_payload(payload);
  }
  for (const std::string& path : arguments.files) {
    items.push_back(model);
    items.back().set_payload(read_payload(path));
    // A name given by --attr wins.
    items.back().mutable_attributes()->insert(
        {"name", path == "-" ? "stdin" : std::filesystem::path(path).filename().string()});
  }
  return items;
}

int put_listed(Session& session, const PutArguments& arguments) {
  std::vector<v1::NewItem> items = items_of(arguments);
  const std::size_t all = items.size();
  std::size_t acknowledged = 0;
  const Interrupt interrupt;
  const PutAllOptions options{.max_wait = arguments.wait,
                              .stop = interrupt.first(),
                              .progress = [&acknowledged](std::size_t count) { acknowledged = count; }};
  v1::PutResponse response;
  try {
    for (const ItemId id : internal::put_parts(*session.connection(), arguments.queue, std::move(items), options)) {
      response.add_item_ids(id);
    }
  } catch (const Error&) {
    if (all > 1) say(fmt::format("{} of {} were put", count_text(acknowledged), items_text(all)));
    throw;
  }
  if (session.json()) {
    print_json(response);
  } else {
    print(fmt::format("{} put into \"{}\"\n", items_text(all), arguments.queue));
  }
  return kOk;
}

// Every line of standard input, in the way that `lines` puts them.
template <class AnyLines>
int put_lines(Session& session, const PutArguments& arguments, AnyLines& lines) {
  const Interrupt interrupt;
  try {
    lines.run(STDIN_FILENO, interrupt.first());
  } catch (const Error&) {
    say(fmt::format("{} acknowledged by \"{}\"{}", items_text(lines.acknowledged()), arguments.queue,
                    lines.uncertain() == 0 ? "" : fmt::format("; {} more may have been put", items_text(lines.uncertain()))));
    throw;
  }
  if (session.json()) {
    print(fmt::format("{{\"acknowledged\": \"{}\"}}\n", lines.acknowledged()));
  } else {
    print(fmt::format("{} put into \"{}\"\n", items_text(lines.acknowledged()), arguments.queue));
  }
  return kOk;
}

// Over a stream; where the wait for room is bounded, which a stream cannot be, by calls.
int put_from_stdin(Session& session, const PutArguments& arguments) {
  if (arguments.wait) {
    PutLines lines(session.connection(), arguments.queue, model_item(arguments), arguments.wait);
    return put_lines(session, arguments, lines);
  }
  StreamLines lines(session.connection(), arguments.queue, model_item(arguments));
  return put_lines(session, arguments, lines);
}

}  // namespace

int put(Session& session, const PutArguments& arguments) {
  return arguments.lines ? put_from_stdin(session, arguments) : put_listed(session, arguments);
}

}  // namespace sluice::cli
