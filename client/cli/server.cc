// What one asks the server as a whole.
#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {

int handlers(Session& session) {
  Table table({"HANDLER", "KIND", ">TIME LIMIT", "DESCRIPTION"});
  v1::ListHandlersRequest request;
  do {
    const auto response = session.call(request);
    for (const v1::Handler& handler : response.handlers()) {
      if (session.json()) print_json_line(handler);
      table.add({handler.name(), handler.kind(),
                 handler.has_timeout() ? duration_text(internal::from_proto(handler.timeout())) : "-",
                 one_line(handler.description(), 80)});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text());
  return kOk;
}

int health(Session& session, const HealthArguments& arguments) {
  const bool serving = session.connection()->serving(arguments.live ? "liveness" : "readiness", {.timeout = arguments.timeout});
  if (session.json()) {
    print(fmt::format("{{\"status\": \"{}\"}}\n", serving ? "SERVING" : "NOT_SERVING"));
  } else {
    print(serving ? "serving\n" : "not serving\n");
  }
  return serving ? kOk : kFailed;
}

int print_version(Session& session) {
  print(session.json() ? fmt::format("{{\"version\": \"{}\"}}\n", version()) : fmt::format("sluice {}\n", version()));
  return kOk;
}

}  // namespace sluice::cli
