// A queue without an engine, and the two streams that use it. Any thread may use it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/support/server_callback.h>

#include "sluice/v1/queue_service.pb.h"
#include "tests/bench/load/bare_log.h"

namespace sluice::bench {

class BareConsumer;

class BareQueue {
 public:
  explicit BareQueue(BareLog& log) : log_(log) {}

  // Takes the payloads out of the items; calls `kept` when they are.
  void put(v1::ProduceRequest& request, std::function<void()> kept);
  // Calls `kept` when the ends of so many jobs are.
  void end(int jobs, std::function<void()> kept);
  void close();

  void attach(BareConsumer* consumer);
  void detach(BareConsumer* consumer);
  // Moves up to `most` jobs into the response; tells in it, for each caller once, that the queue is closed and empty.
  void take(int most, v1::ConsumeResponse& response, bool& told);

 private:
  void offer();

  BareLog& log_;
  std::mutex mutex_;  // of the jobs
  std::deque<std::string> payloads_;
  std::uint64_t last_token_ = 0;
  bool closed_ = false;
  std::mutex consumers_mutex_;  // held while they are offered something, so that none goes meanwhile
  std::vector<BareConsumer*> consumers_;
};

using FindQueue = std::function<BareQueue&(const std::string& name)>;
grpc::ServerBidiReactor<v1::ProduceRequest, v1::ProduceResponse>* new_bare_producer(FindQueue find);
grpc::ServerBidiReactor<v1::ConsumeRequest, v1::ConsumeResponse>* new_bare_consumer(FindQueue find);

}  // namespace sluice::bench
