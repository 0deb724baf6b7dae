#include "client/cli/stream_lines.h"

#include <utility>

#include "client/cli/lines.h"
#include "client/src/producer_engine.h"
#include "client/src/raise.h"

namespace sluice::cli {

StreamLines::StreamLines(std::shared_ptr<internal::Connection> connection, std::string queue, v1::NewItem model)
    : connection_(std::move(connection)), queue_(std::move(queue)), model_(std::move(model)) {}

void StreamLines::run(int input, const std::stop_token& stop) {
  // Whoever types lines hears at once that there is no such queue.
  v1::GetQueueRequest look;
  look.set_queue(queue_);
  connection_->call(look, {.stop = stop});
  internal::ProducerEngine producer(connection_, queue_, {.stop = stop});
  const auto note = [&] {
    acknowledged_ = producer.acknowledged();
    uncertain_ = producer.uncertain();
  };
  try {
    Lines lines(input, producer.ended());
    for (std::string line; lines.next(line);) {
      v1::NewItem item = model_;
      item.set_payload(std::move(line));
      producer.put(std::move(item));
    }
    producer.finish();
    if (stop.stop_requested()) internal::raise(Code::kCancelled, "CANCELLED", "interrupted");
  } catch (const Error&) {
    note();
    throw;
  }
  note();
}

}  // namespace sluice::cli
