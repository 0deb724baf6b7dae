#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/settings.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

std::vector<std::string> row(const v1::Queue& queue) {
  const std::uint32_t capacity = queue.settings().capacity();
  return {queue.name(),
          state_text(queue),
          count_text(queue.waiting()),
          count_text(queue.delayed()),
          count_text(queue.leased()),
          capacity == 0 ? "-" : count_text(capacity),
          count_text(queue.counters().put()),
          count_text(queue.counters().done()),
          count_text(given_up(queue)),
          queue.has_oldest_age() ? clock_text(internal::from_proto(queue.oldest_age())) : "-"};
}

}  // namespace

int list(Session& session, const ListArguments& arguments) {
  Table table({"QUEUE", "STATE", ">WAITING", ">DELAYED", ">LEASED", ">CAPACITY", ">PUT", ">DONE", ">DEAD", ">OLDEST"});
  std::string stalls;
  v1::ListQueuesRequest request;
  request.set_prefix(arguments.prefix);
  do {
    const auto response = session.call(request);
    for (const v1::Queue& queue : response.queues()) {
      if (session.json()) print_json_line(queue);
      table.add(row(queue));
      stalls += stalls_text(queue.stalls());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text() + stalls);
  return kOk;
}

int show(Session& session, const NameArguments& arguments) {
  v1::GetQueueRequest request;
  request.set_queue(arguments.name);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response.queue());
  } else {
    print(queue_text(response.queue()));
  }
  return kOk;
}

}  // namespace sluice::cli
