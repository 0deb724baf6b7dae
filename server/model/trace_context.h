// Where an item stands in a distributed trace, as https://www.w3.org/TR/trace-context/ has it. Sluice takes no part in traces:
// it carries what the producer gave, unchanged, to whoever works on the item and on what becomes of it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proto/trace/traceparent.h"
#include "server/model/item.h"

namespace sluice::model {

struct TraceContext {
  std::string parent;  // well-formed: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  std::string state;   // empty if there is none

  // 32 hexadecimal digits.
  [[nodiscard]] std::string_view trace_id() const { return trace::trace_id_of(parent); }
  // What it adds to attributes that have none.
  [[nodiscard]] std::size_t attributes() const { return state.empty() ? 1 : 2; }
  [[nodiscard]] std::size_t attribute_bytes() const;

  bool operator==(const TraceContext&) const = default;
};

// None where `parent` is not well-formed; then the standard has both ignored. A `state` with other characters than printable
// ASCII, or of more than the 512 that everybody must carry, is left away.
[[nodiscard]] std::optional<TraceContext> trace_context(std::string_view parent, std::string_view state);
// What an item carries.
[[nodiscard]] std::optional<TraceContext> trace_of(const Attributes& attributes);

// Whether attributes, so many and of so many bytes, have room for it within the limits of an item.
[[nodiscard]] bool has_room(const TraceContext& context, std::size_t attributes, std::size_t bytes);
// Puts it into `attributes`, unless they have a traceparent of their own, or no room.
void give(const TraceContext& context, Attributes& attributes);

}  // namespace sluice::model
