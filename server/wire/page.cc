#include "server/wire/page.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "server/base/limits.h"

namespace sluice::wire {
namespace {

constexpr std::string_view kAfter = "after:";
constexpr std::string_view kAt = "at:";
constexpr std::string_view kId = "id:";
// More than any queue holds; keeps sums far from overflowing.
constexpr std::size_t kMaxOffset = std::size_t{1} << 48;

void refuse(Reader& reader, std::string_view token) {
  reader.complain(
      base::Reason::kInvalidValue, {{}, "page_token"},
      fmt::format("{} is no next_page_token of this list; hand one back as it came, or leave it empty for the first "
                  "page",
                  in_quotes(token)));
}

// What stands behind `before`; 0 for an empty token.
std::uint64_t read_number(Reader& reader, std::string_view before, std::string_view page_token, std::uint64_t most) {
  if (page_token.empty()) return 0;
  std::uint64_t number = 0;
  const char* const end = page_token.data() + page_token.size();
  const bool known = page_token.starts_with(before);
  const auto parsed = known ? std::from_chars(page_token.data() + before.size(), end, number) : std::from_chars_result{};
  if (known && parsed.ec == std::errc{} && parsed.ptr == end && number <= most) return number;
  refuse(reader, page_token);
  return 0;
}

}  // namespace

NamePage read_name_page(Reader& reader, std::uint32_t page_size, std::string_view page_token) {
  NamePage page;
  page.size = reader.count_or({{}, "page_size"}, page_size, limits::kDefaultPageSize, limits::kMaxPageSize);
  if (page_token.empty()) return page;
  Reader token;
  if (page_token.starts_with(kAfter)) page.after = token.name({}, page_token.substr(kAfter.size()));
  if (page.after.empty()) refuse(reader, page_token);
  return page;
}

std::string token_after(std::string_view name) { return std::string(kAfter).append(name); }

std::uint64_t read_last_id(Reader& reader, std::string_view page_token) {
  return read_number(reader, kId, page_token, std::numeric_limits<std::uint64_t>::max());
}

std::string token_after_id(std::uint64_t id) { return fmt::format("{}{}", kId, id); }

std::size_t read_offset(Reader& reader, std::string_view page_token) {
  return static_cast<std::size_t>(read_number(reader, kAt, page_token, kMaxOffset));
}

std::string token_at(std::size_t offset) { return fmt::format("{}{}", kAt, offset); }

}  // namespace sluice::wire
