#include "server/model/trace_context.h"

#include <algorithm>

#include "server/base/limits.h"

namespace sluice::model {
namespace {

const std::string* find(const Attributes& attributes, std::string_view key) {
  const auto found = std::ranges::find(attributes, key, &Attributes::value_type::first);
  return found == attributes.end() ? nullptr : &found->second;
}

void insert(Attributes& attributes, std::string_view key, const std::string& value) {
  const auto place = std::ranges::lower_bound(attributes, key, {}, &Attributes::value_type::first);
  attributes.emplace(place, std::string(key), value);
}

}  // namespace

std::size_t TraceContext::attribute_bytes() const {
  return trace::kTraceparent.size() + parent.size() + (state.empty() ? 0 : trace::kTracestate.size() + state.size());
}

std::optional<TraceContext> trace_context(std::string_view parent, std::string_view state) {
  if (!trace::is_traceparent(parent)) return std::nullopt;
  if (!trace::is_tracestate(state)) state = {};
  return TraceContext{std::string(parent), std::string(state)};
}

std::optional<TraceContext> trace_of(const Attributes& attributes) {
  const std::string* parent = find(attributes, trace::kTraceparent);
  if (parent == nullptr) return std::nullopt;
  const std::string* state = find(attributes, trace::kTracestate);
  return trace_context(*parent, state == nullptr ? std::string_view() : std::string_view(*state));
}

bool has_room(const TraceContext& context, std::size_t attributes, std::size_t bytes) {
  return attributes + context.attributes() <= limits::kMaxAttributes &&
         bytes + context.attribute_bytes() <= limits::kMaxAttributeBytes;
}

void give(const TraceContext& context, Attributes& attributes) {
  if (find(attributes, trace::kTraceparent) != nullptr) return;
  std::size_t bytes = 0;
  for (const auto& [key, value] : attributes) bytes += key.size() + value.size();
  if (!has_room(context, attributes.size(), bytes)) return;
  // A state without its parent says nothing.
  std::erase_if(attributes, [](const auto& attribute) { return attribute.first == trace::kTracestate; });
  insert(attributes, trace::kTraceparent, context.parent);
  if (!context.state.empty()) insert(attributes, trace::kTracestate, context.state);
}

}  // namespace sluice::model
