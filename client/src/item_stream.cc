#include "client/src/item_stream.h"

#include <algorithm>
#include <utility>

#include "client/src/limits.h"
#include "client/src/raise.h"
#include "sluice/error.h"

namespace sluice::internal {
namespace {

v1::LeaseResult lost(LeaseToken token) {
  v1::LeaseResult result;
  result.set_lease_token(token);
  result.set_error_reason("LEASE_LOST");
  result.set_error_message("the connection by which the item was held broke before the server said what became of it");
  return result;
}

}  // namespace

// Hand-ons are calls, which can be stopped while they wait for room, and repeated.
class ItemStream::Right final : public Hold {
 public:
  Right(std::shared_ptr<ItemStream> stream, std::shared_ptr<Lease> lease)
      : Hold(lease), call_(stream->connection_, std::move(lease)), stream_(std::move(stream)) {}
  ~Right() override { stream_->forget(token(), false); }

  v1::LeaseResult done() override {
    v1::ConsumeRequest request;
    request.add_done(token());
    return stream_->tell(token(), request);
  }
  v1::LeaseResult hand_on(v1::Completion&& completion, const DoneOptions& options) override {
    by_call_ = true;
    return call_.hand_on(std::move(completion), options);
  }
  v1::LeaseResult fail(v1::FailedLease&& failure) override {
    v1::ConsumeRequest request;
    failure.set_lease_token(token());
    *request.add_failures() = std::move(failure);
    return stream_->tell(token(), request);
  }
  v1::LeaseResult release() override {
    v1::ConsumeRequest request;
    request.add_released(token());
    return stream_->tell(token(), request);
  }
  // It does not run out, and a length would make it do so.
  v1::LeaseResult extend(std::optional<Duration>) override {
    return Hold::lost() ? internal::lost(token()) : v1::LeaseResult();
  }
  void report(v1::Progress&& progress) override {
    stream_->connection_->reporter().report(*stream_, token(), std::move(progress));
  }
  void let_go() override { stream_->forget(token(), by_call_); }

 private:
  LeasedHold call_;
  const std::shared_ptr<ItemStream> stream_;
  bool by_call_ = false;
};

ItemStream::ItemStream(std::shared_ptr<Connection> connection, std::string queue, std::uint32_t credit,
                       const std::stop_token& stop)
    : connection_(std::move(connection)), queue_(std::move(queue)), stream_(open(stop)) {
  v1::ConsumeRequest first;
  first.set_queue(queue_);
  first.set_consumer(connection_->options().consumer);
  first.set_max_items(credit);
  stream_->write(first);
  reader_ = std::thread([this] { read(); });
}

std::unique_ptr<ConsumeStream> ItemStream::open(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] { abandon_.request_stop(); });
  return connection_->consume(abandon_.get_token());
}

ItemStream::~ItemStream() {
  connection_->reporter().forget(*this);
  leave();
  reader_.join();
}

void ItemStream::send(Reports&& reports) {
  for (std::size_t from = 0; from < reports.size(); from += kMaxBatch) {
    v1::ConsumeRequest request;
    const std::size_t end = std::min(reports.size(), from + kMaxBatch);
    for (std::size_t i = from; i < end; ++i) *request.add_reports() = std::move(reports[i]);
    if (!write(request)) return;
  }
}

std::unique_ptr<HeldItem> ItemStream::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !ahead_.empty() || end_of_queue_ || over_; });
  if (stop.stop_requested()) return nullptr;
  if (ahead_.empty()) {
    if (!end_of_queue_ && error_) std::rethrow_exception(error_);
    return nullptr;
  }
  v1::LeasedItem item = std::move(ahead_.front());
  ahead_.pop_front();
  auto lease = std::make_shared<Lease>();
  lease->queue = queue_;
  lease->token = item.lease_token();
  held_.emplace(lease->token, lease);
  lock.unlock();
  return std::make_unique<HeldItem>(std::make_unique<Right>(shared_from_this(), std::move(lease)), std::move(item));
}

void ItemStream::read() {
  for (v1::ConsumeResponse response; stream_->read(response);) take_in(std::move(response));
  end();
}

void ItemStream::take_in(v1::ConsumeResponse&& response) {
  std::vector<std::stop_source> gone;  // told without the lock
  note(std::move(response), gone);
  for (std::stop_source& each : gone) each.request_stop();
}

void ItemStream::note(v1::ConsumeResponse&& response, std::vector<std::stop_source>& gone) {
  const std::lock_guard lock(mutex_);
  for (const LeaseToken token : response.ended()) {
    v1::LeaseResult result;
    result.set_lease_token(token);
    answer(result, gone);
  }
  for (const v1::LeaseResult& refused : response.refused()) answer(refused, gone);
  for (v1::LeasedItem& item : *response.mutable_items()) ahead_.push_back(std::move(item));
  end_of_queue_ = end_of_queue_ || response.end_of_queue();
  changed_.notify_all();
}

void ItemStream::answer(const v1::LeaseResult& result, std::vector<std::stop_source>& gone) {
  const auto asked = answers_.find(result.lease_token());
  if (asked != answers_.end()) {
    asked->second = result;
    return;
  }
  const auto held = held_.find(result.lease_token());
  if (result.error_reason() != "LEASE_LOST") return;
  if (held == held_.end()) {
    std::erase_if(ahead_, [&](const v1::LeasedItem& item) { return item.lease_token() == result.lease_token(); });
    return;
  }
  held->second->lost = true;
  gone.push_back(held->second->gone);
}

void ItemStream::end() {
  const std::lock_guard nobody_writes(writing_);
  std::exception_ptr error;
  try {
    stream_->finish();
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  over_ = true;
  error_ = error;
  ahead_.clear();
  for (const auto& [token, lease] : held_) lease->lost = true;
  held_.clear();
  changed_.notify_all();
}

bool ItemStream::write(const v1::ConsumeRequest& request) {
  const std::lock_guard alone(writing_);
  {
    const std::lock_guard lock(mutex_);
    if (over_) return false;
  }
  return stream_->write(request);
}

v1::LeaseResult ItemStream::tell(LeaseToken token, const v1::ConsumeRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    answers_[token].reset();
  }
  // Where that fails the reader sees the end too.
  write(request);
  std::unique_lock lock(mutex_);
  const auto answered = [this, token] { return over_ || answers_[token].has_value(); };
  if (!changed_.wait_for(lock, connection_->options().call_timeout, answered)) {
    lock.unlock();
    abandon_.request_stop();
    lock.lock();
    changed_.wait(lock, answered);
  }
  const auto result = std::move(answers_[token]);
  answers_.erase(token);
  return result ? *result : lost(token);
}

void ItemStream::forget(LeaseToken token, bool by_call) {
  {
    const std::lock_guard lock(mutex_);
    if (held_.erase(token) == 0 || !by_call) return;
  }
  // Nothing is given back; it makes the stream count what it holds.
  v1::ConsumeRequest request;
  request.add_released(token);
  write(request);
}

void ItemStream::leave() {
  v1::ConsumeRequest request;
  request.set_leaving(true);
  if (write(request)) {
    const std::lock_guard alone(writing_);
    const bool over = [this] {
      const std::lock_guard lock(mutex_);
      return over_;
    }();
    if (!over) stream_->writes_done();
  }
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, kSettleTime, [this] { return over_; })) return;
  lock.unlock();
  abandon_.request_stop();
}

}  // namespace sluice::internal
