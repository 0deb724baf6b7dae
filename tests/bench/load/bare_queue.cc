#include "tests/bench/load/bare_queue.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace sluice::bench {
namespace {

constexpr int kMostAtOnce = 1'000;
constexpr std::size_t kEndBytes = 24;  // a record that says that a job has ended

}  // namespace

class BareProducer final : public grpc::ServerBidiReactor<v1::ProduceRequest, v1::ProduceResponse> {
 public:
  explicit BareProducer(FindQueue find) : find_(std::move(find)) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard lock(mutex_);
      over_ = true;
      return write();
    }
    if (queue_ == nullptr) queue_ = &find_(request_.queue());
    {
      const std::lock_guard lock(mutex_);
      put_ += static_cast<std::uint64_t>(request_.items_size());
    }
    queue_->put(request_, [this, put = put_] {
      const std::lock_guard lock(mutex_);
      kept_ = put;
      write();
    });
    StartRead(&request_);
  }
  void OnWriteDone(bool) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    write();
  }
  void OnDone() override { delete this; }

 private:
  void write() {
    if (writing_ || finished_) return;
    if (told_ < kept_) {
      writing_ = true;
      told_ = kept_;
      response_.set_acknowledged(told_);
      StartWrite(&response_);
    } else if (over_ && told_ == put_) {
      finished_ = true;
      Finish(grpc::Status::OK);
    }
  }

  FindQueue find_;
  BareQueue* queue_ = nullptr;
  v1::ProduceRequest request_;
  v1::ProduceResponse response_;
  std::mutex mutex_;
  std::uint64_t put_ = 0;
  std::uint64_t kept_ = 0;
  std::uint64_t told_ = 0;
  bool writing_ = false;
  bool over_ = false;
  bool finished_ = false;
};

class BareConsumer final : public grpc::ServerBidiReactor<v1::ConsumeRequest, v1::ConsumeResponse> {
 public:
  explicit BareConsumer(FindQueue find) : find_(std::move(find)) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      if (queue_ != nullptr) queue_->detach(this);
      const std::lock_guard lock(mutex_);
      over_ = true;
      return write();
    }
    const int ended = request_.done_size();
    {
      const std::lock_guard lock(mutex_);
      if (request_.max_items() > 0) credit_ = static_cast<int>(request_.max_items());
      ends_under_way_ += ended;
    }
    if (queue_ == nullptr) {
      queue_ = &find_(request_.queue());
      queue_->attach(this);
    }
    if (ended > 0) {
      queue_->end(ended, [this, tokens = std::vector<std::uint64_t>(request_.done().begin(), request_.done().end())] {
        const std::lock_guard lock(mutex_);
        ended_.insert(ended_.end(), tokens.begin(), tokens.end());
        ends_under_way_ -= static_cast<int>(tokens.size());
        leased_ -= static_cast<int>(tokens.size());
        write();
      });
    }
    StartRead(&request_);
  }
  void OnWriteDone(bool) override { offer(true); }
  void OnDone() override { delete this; }

  // There may be something to take.
  void offer(bool written = false) {
    const std::lock_guard lock(mutex_);
    if (written) writing_ = false;
    write();
  }

 private:
  void write() {
    if (writing_ || finished_ || queue_ == nullptr) return;
    response_.Clear();
    if (!over_) queue_->take(std::min(credit_ - leased_, kMostAtOnce), response_, told_end_);
    leased_ += response_.items_size();
    for (const std::uint64_t token : ended_) response_.add_ended(token);
    ended_.clear();
    if (response_.items_size() + response_.ended_size() > 0 || response_.end_of_queue()) {
      writing_ = true;
      StartWrite(&response_);
    } else if (over_ && ends_under_way_ == 0) {
      finished_ = true;
      Finish(grpc::Status::OK);
    }
  }

  FindQueue find_;
  BareQueue* queue_ = nullptr;
  v1::ConsumeRequest request_;
  v1::ConsumeResponse response_;
  std::mutex mutex_;
  std::vector<std::uint64_t> ended_;
  int credit_ = 1;
  int leased_ = 0;
  int ends_under_way_ = 0;
  bool told_end_ = false;
  bool writing_ = false;
  bool over_ = false;
  bool finished_ = false;
};

void BareQueue::put(v1::ProduceRequest& request, std::function<void()> kept) {
  std::string records;
  auto payloads = std::make_shared<std::vector<std::string>>();
  payloads->reserve(static_cast<std::size_t>(request.items_size()));
  for (auto& item : *request.mutable_items()) {
    records += item.payload();
    payloads->push_back(std::move(*item.mutable_payload()));
  }
  log_.append(records, [this, payloads, kept = std::move(kept)] {
    {
      const std::lock_guard lock(mutex_);
      std::ranges::move(*payloads, std::back_inserter(payloads_));
    }
    kept();
    offer();
  });
}

void BareQueue::end(int jobs, std::function<void()> kept) {
  log_.append(std::string(static_cast<std::size_t>(jobs) * kEndBytes, 'e'), std::move(kept));
}

void BareQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  offer();
}

void BareQueue::attach(BareConsumer* consumer) {
  {
    const std::lock_guard lock(consumers_mutex_);
    consumers_.push_back(consumer);
  }
  consumer->offer();
}

void BareQueue::detach(BareConsumer* consumer) {
  const std::lock_guard lock(consumers_mutex_);
  std::erase(consumers_, consumer);
}

void BareQueue::take(int most, v1::ConsumeResponse& response, bool& told) {
  const std::lock_guard lock(mutex_);
  for (; most > 0 && !payloads_.empty(); --most) {
    auto& item = *response.add_items();
    item.set_item_id(++last_token_);
    item.set_lease_token(last_token_);
    item.set_attempt(1);
    item.set_payload(std::move(payloads_.front()));
    payloads_.pop_front();
  }
  if (!closed_ || !payloads_.empty() || told) return;
  told = true;
  response.set_end_of_queue(true);
}

void BareQueue::offer() {
  const std::lock_guard lock(consumers_mutex_);
  for (BareConsumer* consumer : consumers_) consumer->offer();
}

grpc::ServerBidiReactor<v1::ProduceRequest, v1::ProduceResponse>* new_bare_producer(FindQueue find) {
  return new BareProducer(std::move(find));
}

grpc::ServerBidiReactor<v1::ConsumeRequest, v1::ConsumeResponse>* new_bare_consumer(FindQueue find) {
  return new BareConsumer(std::move(find));
}

}  // namespace sluice::bench
