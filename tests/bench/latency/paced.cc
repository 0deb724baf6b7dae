#include "tests/bench/latency/paced.h"

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "tests/bench/load/load_stream.h"

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPayloadBytes = 100;
constexpr std::uint32_t kCredit = 100'000;
constexpr std::chrono::milliseconds kTick{1};

std::string payload_of(Clock::time_point due) {
  std::string payload(kPayloadBytes, 'x');
  const auto ticks = due.time_since_epoch().count();
  std::memcpy(payload.data(), &ticks, sizeof ticks);
  return payload;
}

Clock::time_point due_of(const std::string& payload) {
  Clock::rep ticks = 0;
  std::memcpy(&ticks, payload.data(), sizeof ticks);
  return Clock::time_point(Clock::duration(ticks));
}

class PacedProducer final : public ProduceStream {
 public:
  PacedProducer(const std::string& address, const std::string& queue, Latencies& latencies, Finish& finish)
      : ProduceStream(address, finish), latencies_(latencies) {
    next_.set_queue(queue);
    stub()->Produce(&context_, this);
    // There are writes that do not come from a reaction.
    AddHold();
    start();
  }

  void put(int jobs, Clock::time_point due) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < jobs; ++i) next_.add_items()->set_payload(payload_of(due));
    due_.insert(due_.end(), static_cast<std::size_t>(jobs), due);
    write();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      write();
    }
    RemoveHold();
  }

 private:
  void take(const v1::ProduceResponse& response) override {
    const auto now = Clock::now();
    for (; acknowledged_ < response.acknowledged(); ++acknowledged_) {
      latencies_.add(now - due_.front());
      due_.pop_front();
    }
  }
  bool over() const override { return over_; }
  const v1::ProduceRequest* next() override {
    if (next_.items_size() == 0 && next_.queue().empty()) return nullptr;
    sending_.Clear();
    sending_.Swap(&next_);
    return &sending_;
  }

  Latencies& latencies_;
  v1::ProduceRequest next_;
  v1::ProduceRequest sending_;
  std::deque<Clock::time_point> due_;
  std::uint64_t acknowledged_ = 0;
  bool over_ = false;
};

class PacedConsumer final : public ConsumeStream {
 public:
  PacedConsumer(const std::string& address, const std::string& queue, JobLatencies& latencies, Finish& finish)
      : ConsumeStream(address, finish), latencies_(latencies) {
    next_.set_queue(queue);
    next_.set_max_items(kCredit);
    stub()->Consume(&context_, this);
    AddHold();
    start();
  }

  // Ends once it has ended so many.
  void end_after(std::uint64_t jobs) {
    {
      const std::lock_guard lock(mutex_);
      jobs_ = jobs;
      write();
    }
    RemoveHold();
  }

 private:
  void take(const v1::ConsumeResponse& response) override {
    const auto now = Clock::now();
    for (const auto& item : response.items()) {
      latencies_.handed.add(now - due_of(item.payload()));
      got_.emplace(item.lease_token(), now);
      next_.add_done(item.lease_token());
    }
    for (const std::uint64_t token : response.ended()) {
      const auto found = got_.find(token);
      latencies_.ended.add(now - found->second);
      got_.erase(found);
    }
    ended_ += static_cast<std::uint64_t>(response.ended_size());
  }
  bool over() const override { return ended_ == jobs_; }
  const v1::ConsumeRequest* next() override {
    if (next_.done_size() == 0 && next_.queue().empty()) return nullptr;
    sending_.Clear();
    sending_.Swap(&next_);
    return &sending_;
  }

  JobLatencies& latencies_;
  v1::ConsumeRequest sending_;
  v1::ConsumeRequest next_;
  std::unordered_map<std::uint64_t, Clock::time_point> got_;
  std::uint64_t ended_ = 0;
  std::uint64_t jobs_ = UINT64_MAX;
};

}  // namespace

JobLatencies run_paced(const std::string& address, const std::string& queue, double rate, std::chrono::milliseconds time) {
  JobLatencies latencies;
  Finish finish(2);
  PacedConsumer consumer(address, queue, latencies, finish);
  PacedProducer producer(address, queue, latencies.put, finish);
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto begin = Clock::now();
  std::uint64_t jobs = 0;
  for (auto due = begin; due < begin + time; due += kTick) {
    never.wait_until(lock, due, [] { return false; });
    // As many as make up the rate, however the ticks divide it.
    const auto until = static_cast<std::uint64_t>(std::chrono::duration<double>(due + kTick - begin).count() * rate);
    producer.put(static_cast<int>(until - jobs), due);
    jobs = until;
  }
  consumer.end_after(jobs);
  producer.end();
  finish.wait();
  return latencies;
}

}  // namespace sluice::bench
