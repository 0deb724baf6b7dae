// The dashboard: files that the program carries.
#pragma once

#include <span>
#include <string_view>

#include "server/admin/router.h"

namespace sluice::admin {

struct PageFile {
  std::string_view name;  // "main.js"
  std::string_view etag;  // of its contents, in quotation marks
  std::string_view bytes;
};

// Made from server/admin/page/ when this is built.
[[nodiscard]] std::span<const PageFile> page_files();

// "/" and "/page/...".
void add_page(Router& router);

}  // namespace sluice::admin
