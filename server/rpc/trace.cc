#include "server/rpc/trace.h"

#include <iterator>
#include <string>
#include <string_view>

namespace sluice::rpc {
namespace {

std::string_view view(const grpc::string_ref& text) { return {text.data(), text.size()}; }
grpc::string_ref key(std::string_view name) { return {name.data(), name.size()}; }

}  // namespace

std::optional<model::TraceContext> trace_of(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto [parent, after] = metadata.equal_range(key(trace::kTraceparent));
  if (parent == after || std::next(parent) != after) return std::nullopt;
  // Of these there may be several, which make one list.
  std::string states;
  const auto [first, last] = metadata.equal_range(key(trace::kTracestate));
  for (auto state = first; state != last; ++state) {
    if (!states.empty()) states += ',';
    states += view(state->second);
  }
  return model::trace_context(view(parent->second), states);
}

}  // namespace sluice::rpc
