#include "client/cli/watch/look.h"

#include <algorithm>

namespace sluice::cli {
namespace {

constexpr std::uint32_t kPageSize = 1'000;

template <class Request, class OnPage>
void turn_pages(internal::Connection& connection, Request request, const internal::CallOptions& options, OnPage&& on_page) {
  request.set_page_size(kPageSize);
  do {
    auto response = connection.call(request, options);
    on_page(response);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
}

}  // namespace

Look look(internal::Connection& connection, const Scope& scope, const internal::CallOptions& options) {
  Look now;
  for (const std::string& name : scope.queues) {
    v1::GetQueueRequest request;
    request.set_queue(name);
    now.queues.push_back(connection.call(request, options).queue());
  }
  if (scope.queues.empty()) {
    v1::ListQueuesRequest request;
    request.set_prefix(scope.prefix);
    turn_pages(connection, request, options, [&now](v1::ListQueuesResponse& page) {
      std::move(page.mutable_queues()->begin(), page.mutable_queues()->end(), std::back_inserter(now.queues));
    });
  }
  turn_pages(connection, v1::ListPipelinesRequest(), options, [&now](v1::ListPipelinesResponse& page) {
    std::move(page.mutable_pipelines()->begin(), page.mutable_pipelines()->end(), std::back_inserter(now.pipelines));
  });
  now.at = std::chrono::steady_clock::now();
  now.time = std::chrono::system_clock::now();
  return now;
}

}  // namespace sluice::cli
