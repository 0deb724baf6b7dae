// A load of single calls.
#include <utility>

#include "client/cli/bench/parts.h"

namespace sluice::cli {
namespace {

// So that a consumer whose queue stays empty hears of a stop by itself, too.
constexpr Duration kGetWait = std::chrono::seconds(10);

}  // namespace

void produce_unary(const LoadOptions& options, Budget& budget, const std::stop_token& stop, Measured& measured) {
  internal::Connection connection(options.server, {});
  std::string payload(options.size, 'x');
  while (const std::uint32_t count = budget.take(options.batch)) {
    const auto begin = BenchClock::now();
    stamp(payload, begin);
    v1::PutRequest request;
    request.set_queue(options.queue);
    for (std::uint32_t i = 0; i < count; ++i) request.add_items()->set_payload(payload);
    connection.call(request, {.wait = std::nullopt, .stop = stop, .repeat = false});
    measured.put.add(BenchClock::now() - begin, count);
  }
}

void consume_unary(const LoadOptions& options, const std::stop_token& stop, Measured& measured) {
  internal::Connection connection(options.server, {});
  for (;;) {
    v1::GetRequest get;
    get.set_queue(options.queue);
    get.set_max_items(options.batch);
    const auto got = connection.call(get, {.wait = kGetWait, .stop = stop, .repeat = false});
    if (got.end_of_queue()) return;
    if (got.items().empty()) continue;
    const auto here = BenchClock::now();
    v1::CompleteRequest complete;
    complete.set_queue(options.queue);
    for (const v1::LeasedItem& item : got.items()) {
      complete.add_completions()->set_lease_token(item.lease_token());
      measured.wait.add(age(item.payload(), here));
    }
    connection.call(complete, {.stop = stop, .repeat = false});
    const auto ended = BenchClock::now();
    for (const v1::LeasedItem& item : got.items()) measured.life.add(age(item.payload(), ended));
    measured.jobs += static_cast<std::uint64_t>(got.items_size());
  }
}

}  // namespace sluice::cli
