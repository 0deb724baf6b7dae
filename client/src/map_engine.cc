#include "client/src/map_engine.h"

#include <algorithm>
#include <utility>

#include "client/src/convert.h"
#include "client/src/limits.h"
#include "client/src/raise.h"

namespace sluice::internal {
namespace {

constexpr std::uint32_t kMaxInFlight = 100'000;
// How many outcomes are had before the server is told that it may forget them.
constexpr std::size_t kForgetAtOnce = 1'000;

v1::SubmitJobsRequest batch_of(const Target& target) {
  v1::SubmitJobsRequest call;
  target.set(call);
  call.mutable_new_batch();
  return call;
}

}  // namespace

MapEngine::MapEngine(std::shared_ptr<Connection> connection, Target target, std::function<void(Job&&)> on_outcome,
                     MapOptions options)
    : connection_(std::move(connection)),
      target_(std::move(target)),
      on_outcome_(std::move(on_outcome)),
      options_(std::move(options)),
      submitter_(*connection_, batch_of(target_), std::clamp<std::size_t>(options_.in_flight, 1, kMaxBatch),
                 {.stop = stop_.get_token()},
                 [this](const v1::SubmitJobsResponse& response) {
                   if (!awaits_.joinable()) awaits_ = std::thread([this, batch = response.batch_id()] { await_all(batch); });
                 }),
      on_stop_(options_.stop, [this] { fail(cancelled("the map was stopped")); }) {
  if (options_.in_flight < 1 || options_.in_flight > kMaxInFlight) {
    raise(Code::kInvalidArgument, "INVALID_VALUE", "in_flight must be 1 to 100,000");
  }
  submits_ = std::thread([this] { submit_all(); });
}

MapEngine::~MapEngine() {
  {
    const std::lock_guard lock(mutex_);
    no_more_ = true;
    if (!over_) gathered_.clear();
    if (!over_ && !error_) error_ = cancelled("the map was given up");
  }
  stop_.request_stop();
  changed_.notify_all();
  submits_.join();
}

void MapEngine::add(NewItem input) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || in_flight_ < options_.in_flight; });
  if (error_) std::rethrow_exception(error_);
  gathered_.push_back(to_proto(std::move(input)));
  ++in_flight_;
  changed_.notify_all();
}

void MapEngine::finish() {
  std::unique_lock lock(mutex_);
  no_more_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return error_ || over_; });
  if (error_) std::rethrow_exception(error_);
}

void MapEngine::submit_all() {
  try {
    while (submit_some()) {
    }
  } catch (...) {
    fail(std::current_exception());
  }
  if (awaits_.joinable()) awaits_.join();
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

bool MapEngine::submit_some() {
  std::vector<v1::NewItem> items;
  bool last = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return error_ || no_more_ || !gathered_.empty(); });
    if (error_) return false;
    std::size_t bytes = 0;
    while (!gathered_.empty() && items.size() < submitter_.most() && bytes < kMaxPartBytes) {
      bytes += gathered_.front().ByteSizeLong();
      items.push_back(std::move(gathered_.front()));
      gathered_.pop_front();
    }
    last = no_more_ && gathered_.empty();
  }
  if (!items.empty()) {
    submitter_.send(std::move(items), last);
  } else if (submitter_.batch() != 0) {
    v1::SealBatchRequest seal;
    seal.set_batch_id(submitter_.batch());
    connection_->call(seal);
  }
  return !last;
}

void MapEngine::await_all(BatchId batch) {
  try {
    v1::AwaitJobsRequest request;
    request.set_batch_id(batch);
    request.set_in_order(true);
    connection_->await(std::move(request), {.wait = std::nullopt, .stop = stop_.get_token(), .timeout = Duration::zero()},
                       [this](v1::Job&& job) { told(from_proto(std::move(job))); });
    v1::ForgetJobsRequest forget;
    forget.set_batch_id(batch);
    connection_->call(forget);
  } catch (...) {
    fail(std::current_exception());
  }
}

void MapEngine::told(Job&& job) {
  to_forget_.push_back(job.id);
  on_outcome_(std::move(job));
  {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    changed_.notify_all();
  }
  if (to_forget_.size() >= kForgetAtOnce) forget_told();
}

void MapEngine::forget_told() {
  v1::ForgetJobsRequest forget;
  for (const JobId id : to_forget_) forget.add_job_ids(id);
  to_forget_.clear();
  connection_->call(forget);
}

void MapEngine::fail(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
  }
  stop_.request_stop();
}

}  // namespace sluice::internal

namespace sluice {

JobMap::JobMap(std::unique_ptr<internal::MapEngine> engine) : engine_(std::move(engine)) {}
JobMap::~JobMap() = default;
JobMap::JobMap(JobMap&&) noexcept = default;
JobMap& JobMap::operator=(JobMap&&) noexcept = default;

JobMap JobMap::to_queue(std::shared_ptr<internal::Connection> connection, std::string queue,
                        std::function<void(Job&&)> on_outcome, MapOptions options) {
  return JobMap(std::make_unique<internal::MapEngine>(std::move(connection), internal::Target{.queue = std::move(queue)},
                                                      std::move(on_outcome), std::move(options)));
}

JobMap JobMap::to_pipeline(std::shared_ptr<internal::Connection> connection, std::string pipeline,
                           std::function<void(Job&&)> on_outcome, MapOptions options) {
  return JobMap(std::make_unique<internal::MapEngine>(std::move(connection), internal::Target{.pipeline = std::move(pipeline)},
                                                      std::move(on_outcome), std::move(options)));
}

void JobMap::add(NewItem input) { engine_->add(std::move(input)); }
void JobMap::finish() { engine_->finish(); }

}  // namespace sluice
