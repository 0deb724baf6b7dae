// W3C Trace Context (https://www.w3.org/TR/trace-context/): the form of its two headers. For the server and for the command.
#pragma once

#include <algorithm>
#include <string_view>

namespace sluice::trace {

// Keys of a call's metadata, and of the attributes that carry them with an item.
inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";
// What children find them under.
inline constexpr std::string_view kTraceparentVariable = "TRACEPARENT";
inline constexpr std::string_view kTracestateVariable = "TRACESTATE";

namespace form {

// Of version 00: version, trace id, parent id and flags, in hexadecimal digits, with hyphens between them.
inline constexpr std::size_t kTraceIdAt = 3;
inline constexpr std::size_t kTraceIdDigits = 32;
inline constexpr std::size_t kParentIdAt = kTraceIdAt + kTraceIdDigits + 1;
inline constexpr std::size_t kParentIdDigits = 16;
inline constexpr std::size_t kFlagsAt = kParentIdAt + kParentIdDigits + 1;
inline constexpr std::size_t kBytes = kFlagsAt + 2;
// A later version may append to it; of what nobody knows yet, no more than this is carried. Of a tracestate everybody must
// carry so much.
inline constexpr std::size_t kMostBytes = 512;

constexpr bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
constexpr bool is_zero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}
constexpr bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace form

// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". The standard has what is not of this form ignored.
constexpr bool is_traceparent(std::string_view text) {
  using namespace form;
  if (text.size() < kBytes || text.size() > kMostBytes) return false;
  const auto version = text.substr(0, kTraceIdAt - 1);
  const auto trace_id = text.substr(kTraceIdAt, kTraceIdDigits);
  const auto parent_id = text.substr(kParentIdAt, kParentIdDigits);
  if (!is_hex(version) || version == "ff") return false;
  if (text[kTraceIdAt - 1] != '-' || text[kParentIdAt - 1] != '-' || text[kFlagsAt - 1] != '-') return false;
  if (!is_hex(trace_id) || is_zero(trace_id) || !is_hex(parent_id) || is_zero(parent_id)) return false;
  if (!is_hex(text.substr(kFlagsAt, 2))) return false;
  if (text.size() == kBytes) return true;
  return version != "00" && text[kBytes] == '-' && is_printable(text);
}

// Whatever a vendor wrote, as far as it can stand in a header and is no longer than everybody must carry.
constexpr bool is_tracestate(std::string_view text) { return text.size() <= form::kMostBytes && form::is_printable(text); }

// The trace id of what is_traceparent(): 32 hexadecimal digits.
constexpr std::string_view trace_id_of(std::string_view traceparent) {
  return traceparent.substr(form::kTraceIdAt, form::kTraceIdDigits);
}

}  // namespace sluice::trace
