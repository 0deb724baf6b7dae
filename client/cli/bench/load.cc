#include "client/cli/bench/load.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "client/cli/bench/parts.h"
#include "sluice/error.h"

namespace sluice::cli {
namespace {

// Threads with a result each. The first error of one ends all.
class Crew {
 public:
  using Work = std::function<void(const std::stop_token&, Measured&)>;

  Crew(std::uint32_t members, const std::stop_token& stop, std::stop_source& all, const Work& work)
      : all_(all), measured_(members) {
    for (std::uint32_t i = 0; i < members; ++i) {
      threads_.emplace_back([this, i, stop, work] { run([&] { work(stop, measured_[i]); }); });
    }
  }

  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  [[nodiscard]] std::exception_ptr error() const { return error_; }
  [[nodiscard]] const std::vector<Measured>& measured() const { return measured_; }

 private:
  void run(const std::function<void()>& work) {
    try {
      work();
    } catch (const Cancelled&) {
      // Whoever stopped it knows why.
      return;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      all_.request_stop();
    }
  }

  std::stop_source& all_;
  std::vector<Measured> measured_;
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_ until joined
  std::vector<std::thread> threads_;
};

void close_queue(const LoadOptions& options) {
  internal::Connection connection(options.server, {});
  v1::CloseQueueRequest request;
  request.set_queue(options.queue);
  connection.call(request);
}

}  // namespace

void stamp(std::string& payload, BenchClock::time_point when) {
  const std::int64_t ticks = when.time_since_epoch().count();
  static_assert(sizeof ticks == kStampBytes);
  std::memcpy(payload.data(), &ticks, sizeof ticks);
}

Latencies::Time age(std::string_view payload, BenchClock::time_point now) {
  std::int64_t ticks = 0;
  std::memcpy(&ticks, payload.data(), std::min(payload.size(), sizeof ticks));
  return now - BenchClock::time_point(BenchClock::duration(ticks));
}

Budget::Budget(std::optional<std::uint64_t> jobs, std::optional<Duration> time, BenchClock::time_point start)
    : left_(jobs.value_or(std::numeric_limits<std::uint64_t>::max())),
      end_(time ? std::optional(start + *time) : std::nullopt) {}

std::uint32_t Budget::take(std::uint32_t most) {
  if (end_ && BenchClock::now() >= *end_) return 0;
  std::uint64_t left = left_;
  std::uint64_t taken = 0;
  do {
    taken = std::min<std::uint64_t>(left, most);
  } while (!left_.compare_exchange_weak(left, left - taken));
  return static_cast<std::uint32_t>(taken);
}

void Measured::merge(const Measured& other) {
  jobs += other.jobs;
  put.merge(other.put);
  wait.merge(other.wait);
  life.merge(other.life);
}

LoadResult run_load(const LoadOptions& options, const std::stop_token& stop) {
  std::stop_source all;
  const std::stop_callback on_stop(stop, [&all] { all.request_stop(); });
  const auto start = BenchClock::now();
  Budget budget(options.jobs, options.time, start);
  const auto consume = options.streamed ? consume_streamed : consume_unary;
  const auto produce = options.streamed ? produce_streamed : produce_unary;
  Crew consumers(options.consumers, all.get_token(), all,
                 [&](const std::stop_token& token, Measured& measured) { consume(options, token, measured); });
  Crew producers(options.producers, all.get_token(), all,
                 [&](const std::stop_token& token, Measured& measured) { produce(options, budget, token, measured); });
  producers.join();
  std::exception_ptr error = producers.error();
  if (!all.stop_requested()) {
    try {
      close_queue(options);
    } catch (...) {
      error = std::current_exception();
      all.request_stop();
    }
  }
  consumers.join();
  if (!error) error = consumers.error();
  if (error) std::rethrow_exception(error);
  LoadResult result{.time = BenchClock::now() - start, .interrupted = stop.stop_requested()};
  for (const Measured& each : producers.measured()) result.measured.merge(each);
  for (const Measured& each : consumers.measured()) result.measured.merge(each);
  return result;
}

}  // namespace sluice::cli
