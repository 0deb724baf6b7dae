#include "client/src/producer_engine.h"

#include <algorithm>
#include <utility>

#include "client/src/convert.h"
#include "client/src/limits.h"
#include "client/src/raise.h"

namespace sluice::internal {
namespace {

constexpr std::uint32_t kMaxItemsInFlight = 1'000'000;
constexpr std::size_t kMaxBytesInFlight = 64UL << 20;

}  // namespace

ProducerEngine::ProducerEngine(std::shared_ptr<Connection> connection, std::string queue, ProducerOptions options)
    : connection_(std::move(connection)),
      queue_(std::move(queue)),
      options_(std::move(options)),
      name_(connection_->new_request_id()),
      reconnection_(connection_->options()),
      on_stop_(options_.stop, [this] { fail(cancelled("stopped before all items were put")); }) {
  if (options_.in_flight < 1 || options_.in_flight > kMaxItemsInFlight) {
    raise(Code::kInvalidArgument, "INVALID_VALUE", "in_flight must be 1 to 1,000,000");
  }
  runs_ = std::thread([this] { run(); });
}

ProducerEngine::~ProducerEngine() {
  const bool over = [this] {
    const Lock lock(mutex_);
    given_up_ = true;
    return over_;
  }();
  if (!over) fail(cancelled("the producer was given up"));
  runs_.join();
}

template <class Ready>
void ProducerEngine::wait(Lock& lock, Ready ready) {
  changed_.wait(lock, [&] { return error_ || ready(); });
  if (!error_) return;
  // By then it is known what became of the last items.
  changed_.wait(lock, [this] { return over_; });
  std::rethrow_exception(error_);
}

void ProducerEngine::put(v1::NewItem item) {
  const std::size_t bytes = item.ByteSizeLong();
  Lock lock(mutex_);
  wait(lock, [&] { return items_.size() < options_.in_flight && (items_.empty() || bytes_ + bytes <= kMaxBytesInFlight); });
  if (no_more_) raise(Code::kFailedPrecondition, "FINISHED", "the producer has been finished; make another one");
  items_.push_back(std::move(item));
  bytes_ += bytes;
  changed_.notify_all();
}

void ProducerEngine::finish() {
  Lock lock(mutex_);
  no_more_ = true;
  changed_.notify_all();
  wait(lock, [this] { return over_; });
}

std::uint64_t ProducerEngine::acknowledged() const {
  const Lock lock(mutex_);
  return acknowledged_;
}

std::uint64_t ProducerEngine::uncertain() const {
  const Lock lock(mutex_);
  return error_ && !settled_ && most_written_ > acknowledged_ ? most_written_ - acknowledged_ : 0;
}

void ProducerEngine::run() {
  try {
    for (;;) {
      try {
        run_stream();
        break;
      } catch (const Error& error) {
        if (!reconnection_.again(error, stop_.get_token())) throw;
      }
    }
  } catch (const Error& error) {
    fail(std::current_exception());
    // An error of the queue's is told behind the last acknowledgement, and is the end of what was not acknowledged.
    const bool open = error.code() == Code::kUnavailable || error.code() == Code::kCancelled ||
                      error.code() == Code::kDeadlineExceeded || error.code() == Code::kDataLoss;
    if (!open) note_settled(0);
    if (error.code() == Code::kCancelled) settle();
  } catch (...) {
    fail(std::current_exception());
  }
  const Lock lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

void ProducerEngine::note_settled(std::uint64_t more_acknowledged) {
  const Lock lock(mutex_);
  acknowledged_ += more_acknowledged;
  settled_ = true;
}

void ProducerEngine::settle() {
  v1::ProduceRequest question;
  {
    const Lock lock(mutex_);
    if (most_written_ == acknowledged_) settled_ = true;
    if (settled_ || given_up_) return;
    question.set_queue(queue_);
    question.set_producer_id(name_);
    question.set_position(acknowledged_);
  }
  // Another stream of the name ends the one that was cancelled, whether the server has noticed or not.
  std::stop_source late;
  std::jthread watch([&late](const std::stop_token& in_time) {
    std::mutex mutex;
    std::condition_variable_any told;
    Lock lock(mutex);
    told.wait_for(lock, in_time, kSettleTime, [] { return false; });
    if (!in_time.stop_requested()) late.request_stop();
  });
  try {
    const auto stream = connection_->produce(late.get_token());
    v1::ProduceResponse answer;
    if (!stream->write(question) || !stream->read(answer)) return;
    note_settled(answer.acknowledged());
  } catch (const Error&) {
    // It stays uncertain.
  }
}

void ProducerEngine::run_stream() {
  {
    // A queue that is not there is told with the first item, and no stream is held for a producer that has none.
    Lock lock(mutex_);
    changed_.wait(lock, [this] { return error_ || no_more_ || !items_.empty(); });
    if (error_) std::rethrow_exception(error_);
    if (items_.empty()) return;
    written_ = 0;
    before_stream_ = acknowledged_;
    broken_ = false;
  }
  reconnection_.opening();
  const auto stream = connection_->produce(stop_.get_token());
  reconnection_.opened();
  std::jthread reads([this, &stream] { read_all(*stream); });
  try {
    write_all(*stream);
  } catch (...) {
    // Else the reader, which is waited for, would go on for ever.
    stop_.request_stop();
    throw;
  }
  reads.join();
  stream->finish();
  const Lock lock(mutex_);
  if (!items_.empty()) raise(Code::kUnavailable, "UNAVAILABLE", "the stream ended early");
}

void ProducerEngine::write_all(ProduceStream& stream) {
  bool first = true;
  while (const auto message = next_message(first)) {
    if (!stream.write(*message)) return;
    first = false;
  }
  stream.writes_done();
}

std::optional<v1::ProduceRequest> ProducerEngine::next_message(bool first) {
  Lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || broken_ || no_more_ || written_ < items_.size(); });
  if (error_ || broken_ || written_ == items_.size()) return std::nullopt;
  v1::ProduceRequest message;
  if (first) {
    message.set_queue(queue_);
    message.set_producer_id(name_);
    message.set_position(before_stream_);
  }
  std::size_t bytes = 0;
  while (written_ < items_.size() && static_cast<std::size_t>(message.items_size()) < kMaxBatch && bytes < kMaxPartBytes) {
    *message.add_items() = items_[written_];
    bytes += items_[written_++].ByteSizeLong();
  }
  most_written_ = std::max(most_written_, acknowledged_ + written_);
  return message;
}

void ProducerEngine::read_all(ProduceStream& stream) {
  for (v1::ProduceResponse response; stream.read(response);) note_acknowledged(response.acknowledged());
  const Lock lock(mutex_);
  broken_ = true;
  changed_.notify_all();
}

void ProducerEngine::note_acknowledged(std::uint64_t of_stream) {
  const Lock lock(mutex_);
  reconnection_.moved();
  const std::uint64_t now = std::min<std::uint64_t>(before_stream_ + of_stream, acknowledged_ + written_);
  for (; acknowledged_ < now; ++acknowledged_, --written_) {
    bytes_ -= items_.front().ByteSizeLong();
    items_.pop_front();
  }
  changed_.notify_all();
}

void ProducerEngine::fail(std::exception_ptr error) {
  {
    const Lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
  }
  stop_.request_stop();
}

}  // namespace sluice::internal

namespace sluice {

Producer::Producer(std::shared_ptr<internal::Connection> connection, std::string queue, ProducerOptions options)
    : engine_(std::make_unique<internal::ProducerEngine>(std::move(connection), std::move(queue), std::move(options))) {}
Producer::~Producer() = default;
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&&) noexcept = default;

void Producer::put(NewItem item) { engine_->put(internal::to_proto(std::move(item))); }
void Producer::finish() { engine_->finish(); }
std::uint64_t Producer::acknowledged() const { return engine_->acknowledged(); }
std::uint64_t Producer::uncertain() const { return engine_->uncertain(); }

}  // namespace sluice
