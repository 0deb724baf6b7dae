// A load over the streams Produce and Consume.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/cli/bench/parts.h"
#include "client/src/duplex.h"

namespace sluice::cli {
namespace {

// Messages of a producer that are not acknowledged yet, and batches that a consumer holds, at most.
constexpr std::uint64_t kInFlight = 8;
constexpr std::uint64_t kMostCredit = 100'000;

// One producer: this thread writes, another reads what is acknowledged.
class Producer {
 public:
  Producer(internal::ProduceStream& stream, const LoadOptions& options, Budget& budget, Measured& measured)
      : stream_(stream), options_(options), budget_(budget), measured_(measured) {}

  void run() {
    std::thread reader([this] { read(); });
    write();
    stream_.writes_done();
    reader.join();
    stream_.finish();
  }

 private:
  struct Message {
    std::uint64_t last;  // of the stream's items, counted from 1
    std::uint32_t items;
    BenchClock::time_point sent;
  };

  void write() {
    v1::ProduceRequest request;
    request.set_queue(options_.queue);
    std::string payload(options_.size, 'x');
    for (std::uint64_t sent = 0; wait_for_room();) {
      const std::uint32_t count = budget_.take(options_.batch);
      if (count == 0) return;
      const auto now = BenchClock::now();
      stamp(payload, now);
      for (std::uint32_t i = 0; i < count; ++i) request.add_items()->set_payload(payload);
      sent += count;
      {
        const std::lock_guard lock(mutex_);
        open_.push_back({.last = sent, .items = count, .sent = now});
      }
      if (!stream_.write(request)) return;
      request.Clear();
    }
  }

  // False once the stream is over.
  bool wait_for_room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_ || open_.size() < kInFlight; });
    return !over_;
  }

  void read() {
    for (v1::ProduceResponse response; stream_.read(response);) {
      const auto now = BenchClock::now();
      const std::lock_guard lock(mutex_);
      while (!open_.empty() && open_.front().last <= response.acknowledged()) {
        measured_.put.add(now - open_.front().sent, open_.front().items);
        open_.pop_front();
      }
      changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

  internal::ProduceStream& stream_;
  const LoadOptions& options_;
  Budget& budget_;
  Measured& measured_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Message> open_;  // guarded by mutex_
  bool over_ = false;         // guarded by mutex_
};

// One consumer: this thread reads, another ends what was read.
class Consumer {
 public:
  Consumer(internal::ConsumeStream& stream, const LoadOptions& options, Measured& measured)
      : stream_(stream), options_(options), measured_(measured) {}

  void run() {
    std::thread writer([this] { write(); });
    read();
    writer.join();
    stream_.finish();
  }

 private:
  void read() {
    std::uint64_t taken = 0;
    std::uint64_t ended = 0;
    bool drained = false;
    for (v1::ConsumeResponse response; stream_.read(response);) {
      const auto now = BenchClock::now();
      for (const v1::LeasedItem& item : response.items()) {
        const auto waited = age(item.payload(), now);
        measured_.wait.add(waited);
        put_[item.lease_token()] = now - waited;
      }
      for (const std::uint64_t token : response.ended()) {
        const auto put = put_.find(token);
        if (put == put_.end()) continue;
        measured_.life.add(now - put->second);
        put_.erase(put);
      }
      taken += static_cast<std::uint64_t>(response.items_size());
      ended += static_cast<std::uint64_t>(response.ended_size() + response.refused_size());
      measured_.jobs += static_cast<std::uint64_t>(response.ended_size());
      drained = drained || response.end_of_queue();
      const std::lock_guard lock(mutex_);
      for (const v1::LeasedItem& item : response.items()) tokens_.push_back(item.lease_token());
      over_ = drained && taken == ended;
      changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

  void write() {
    v1::ConsumeRequest request;
    request.set_queue(options_.queue);
    request.set_max_items(static_cast<std::uint32_t>(std::min(kMostCredit, kInFlight * options_.batch)));
    while (stream_.write(request)) {
      request.Clear();
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return over_ || !tokens_.empty(); });
      if (tokens_.empty()) break;
      request.mutable_done()->Add(tokens_.begin(), tokens_.end());
      tokens_.clear();
    }
    stream_.writes_done();
  }

  internal::ConsumeStream& stream_;
  const LoadOptions& options_;
  Measured& measured_;
  std::unordered_map<std::uint64_t, BenchClock::time_point> put_;  // by token
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> tokens_;  // to be ended; guarded by mutex_
  bool over_ = false;                  // nothing comes any more; guarded by mutex_
};

}  // namespace

void produce_streamed(const LoadOptions& options, Budget& budget, const std::stop_token& stop, Measured& measured) {
  internal::Connection connection(options.server, {});
  const auto stream = connection.produce(stop);
  Producer(*stream, options, budget, measured).run();
}

void consume_streamed(const LoadOptions& options, const std::stop_token& stop, Measured& measured) {
  internal::Connection connection(options.server, {});
  const auto stream = connection.consume(stop);
  Consumer(*stream, options, measured).run();
}

}  // namespace sluice::cli
