#include "server/admin/page.h"

#include <string>

#include <fmt/format.h>

#include "server/admin/problem.h"

namespace sluice::admin {
namespace {

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

Response show(const Request& request, std::string_view name) {
  for (const PageFile& file : page_files()) {
    if (file.name != name) continue;
    Response response;
    response.content_type = type_of(name);
    // Kept, but asked for anew each time: after an update nobody has the old page.
    response.headers = {{"Cache-Control", "no-cache"}, {"ETag", std::string(file.etag)}};
    if (request.if_none_match == file.etag) {
      response.status = 304;
    } else {
      response.body = file.bytes;
    }
    return response;
  }
  return problem(404, base::Reason::kNoSuchPage, fmt::format("there is nothing at {}", request.path));
}

}  // namespace

void add_page(Router& router) {
  router.add("GET", "/", [](const Match& match) { return show(match.request, "index.html"); });
  router.add("GET", "/page/{file}", [](const Match& match) { return show(match.request, match.part("file")); });
}

}  // namespace sluice::admin
