// Pages of lists. A token says where the next page begins; clients hand it back as they got it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/wire/reader.h"

namespace sluice::wire {

// A page of a list in order of names.
struct NamePage {
  std::string after;  // the last name of the page before; empty for the first
  std::uint32_t size = 0;
};

// 0 is the default of 100. INVALID_VALUE for "page_size" over 1,000 and a "page_token" that no answer gave.
[[nodiscard]] NamePage read_name_page(Reader& reader, std::uint32_t page_size, std::string_view page_token);
[[nodiscard]] std::string token_after(std::string_view name);

// A page of a list in order of ids: the last id of the page before; 0 for the first.
[[nodiscard]] std::uint64_t read_last_id(Reader& reader, std::string_view page_token);
[[nodiscard]] std::string token_after_id(std::uint64_t id);

// How many items of a list to skip.
[[nodiscard]] std::size_t read_offset(Reader& reader, std::string_view page_token);
[[nodiscard]] std::string token_at(std::size_t offset);

}  // namespace sluice::wire
