#include "server/wire/trace.h"

#include <string>

namespace sluice::wire {

void give(const model::TraceContext& context, google::protobuf::RepeatedPtrField<v1::NewItem>& items) {
  const std::string parent_key(trace::kTraceparent);
  const std::string state_key(trace::kTracestate);
  for (v1::NewItem& item : items) {
    auto& attributes = *item.mutable_attributes();
    if (attributes.contains(parent_key)) continue;
    std::size_t bytes = 0;
    for (const auto& [key, value] : attributes) bytes += key.size() + value.size();
    if (!model::has_room(context, attributes.size(), bytes)) continue;
    attributes[parent_key] = context.parent;
    if (context.state.empty()) {
      // One without its parent says nothing.
      attributes.erase(state_key);
    } else {
      attributes[state_key] = context.state;
    }
  }
}

}  // namespace sluice::wire
