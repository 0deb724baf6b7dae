#include "client/src/stage_crew.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "client/src/convert.h"
#include "client/src/limits.h"
#include "sluice/error.h"

namespace sluice::internal {
namespace {

using std::chrono::steady_clock;

StageItem item_of(v1::LeasedItem&& item) {
  StageItem out;
  out.id = item.item_id();
  out.payload = std::move(*item.mutable_payload());
  out.attributes = Attributes(item.attributes().begin(), item.attributes().end());
  out.priority = item.priority();
  out.attempt = item.attempt();
  out.put_time = from_unix_micros(item.put_time_us());
  if (item.has_last_failure()) out.last_failure = from_proto(item.last_failure());
  return out;
}

// About as much as a failure takes.
constexpr std::size_t kMaxFailureBytes = 16UL << 10;

std::size_t bytes_of(const std::vector<StageOutput>& outputs) {
  std::size_t bytes = 0;
  for (const StageOutput& output : outputs) {
    bytes += output.payload.size();
    if (!output.attributes) continue;
    for (const auto& [key, value] : *output.attributes) bytes += key.size() + value.size();
  }
  return bytes;
}

LeaseLost lost() {
  return {Code::kFailedPrecondition, "LEASE_LOST",
          "the connection by which the item was held broke before the server said what became of it"};
}

LeaseLost cancelled() { return {Code::kFailedPrecondition, "LEASE_LOST", "the item was cancelled"}; }

// A server that is torn down cancels what it has not ended.
bool is_gone(const Error& error) { return error.code() == Code::kUnavailable || error.code() == Code::kCancelled; }

}  // namespace

void StageCrew::run() {
  const std::stop_callback on_stop(order_.stop, [this] { leave(); });
  std::exception_ptr error;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < order_.concurrency; ++i) threads.emplace_back([this] { work(); });
    try {
      while (serve()) {
      }
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  connection_.reporter().forget(*this);
  if (error) std::rethrow_exception(error);
}

bool StageCrew::serve() {
  auto session = std::make_shared<Session>();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    session_ = session;
  }
  try {
    session->stream = connection_.work(abandon_.get_token());
    attend(*session);
    give_up(*session);
    session->stream->finish();
    return false;
  } catch (const Error& error) {
    if (!is_gone(error)) throw;
    if (pause_before_next(session->attached)) return true;
    const std::lock_guard lock(mutex_);
    if (!stopping_) throw;
    return false;
  }
}

void StageCrew::attend(Session& session) {
  v1::WorkRequest first;
  first.set_pipeline(order_.pipeline);
  first.set_stage(order_.stage);
  first.set_worker(order_.name.empty() ? connection_.options().consumer : order_.name);
  first.set_max_items(static_cast<std::uint32_t>(std::max<std::size_t>(order_.concurrency + order_.prefetch, 1)));
  session.stream->write(first);
  for (v1::WorkResponse response; session.stream->read(response);) take_in(session, std::move(response));
}

void StageCrew::take_in(Session& session, v1::WorkResponse&& response) {
  if (response.has_attached()) note_attached(session, response.attached());
  for (const LeaseToken token : response.ended()) settle(session, token, nullptr);
  for (const v1::LeaseResult& refused : response.refused()) settle(session, refused.lease_token(), &refused);
  std::shared_ptr<Session> present;
  {
    const std::lock_guard lock(mutex_);
    present = session_;
    if (response.end_of_work()) {
      session.leaving = true;
      stopping_ = true;
    }
    for (v1::LeasedItem& leased : *response.mutable_items()) {
      if (session.leaving) {
        // After the half-close it goes back by itself.
        if (!session.half_closed) next_request(session, 0).add_released(leased.lease_token());
        continue;
      }
      Task task{.token = leased.lease_token(), .item = item_of(std::move(leased))};
      task.item.pipeline = order_.pipeline;
      task.item.stage = order_.stage;
      task.item.queue = queue_;
      task.item.given_away = session.broken;
      task.item.cancelled = task.cancelled.get_token();
      task.item.reports = std::make_shared<ItemReports>(connection_.reporter(), *this, task.token);
      tasks_.emplace_back(present, std::move(task));
    }
    changed_.notify_all();
  }
  flush(present);
}

void StageCrew::note_attached(Session& session, const v1::WorkerAttached& attached) {
  bool leaves = false;
  {
    const std::lock_guard lock(mutex_);
    session.attached = true;
    queue_ = attached.stage().input();
    leaves = stopping_;
  }
  was_there_ = true;
  away_since_.reset();
  if (order_.on_attached) order_.on_attached();
  if (leaves) leave();
}

void StageCrew::settle(Session& session, LeaseToken token, const v1::LeaseResult* refused) {
  std::optional<Told> told;
  {
    const std::lock_guard lock(mutex_);
    const auto found = session.told.find(token);
    if (found != session.told.end()) {
      told = std::move(found->second);
      session.told.erase(found);
    }
  }
  if (!told) return cancel(session, token);
  if (refused == nullptr) return order_.on_end(told->item, told->end, nullptr);
  if (refused->error_reason() == "LEASE_LOST") {
    const LeaseLost error(Code::kFailedPrecondition, refused->error_reason(), refused->error_message());
    return order_.on_end(told->item, told->end, &error);
  }
  const Error error(Code::kFailedPrecondition, refused->error_reason(), refused->error_message());
  order_.on_end(told->item, told->end, &error);
}

void StageCrew::cancel(Session& session, LeaseToken token) {
  std::stop_source source(std::nostopstate);
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(tasks_, [&](const auto& task) { return task.first.get() == &session && task.second.token == token; });
    const auto running = session.running.find(token);
    if (running != session.running.end()) source = running->second;
  }
  source.request_stop();
}

void StageCrew::give_up(Session& session) {
  std::map<LeaseToken, Told> told;
  {
    const std::lock_guard lock(mutex_);
    *session.broken = true;
    told.swap(session.told);
    std::erase_if(tasks_, [&session](const auto& task) { return task.first.get() == &session; });
    session.next.clear();
    changed_.notify_all();
  }
  const LeaseLost error = lost();
  for (const auto& [token, each] : told) order_.on_end(each.item, each.end, &error);
  // Whoever writes needs the stream.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&session] { return !session.writing; });
}

void StageCrew::leave() {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    session = session_;
    if (session == nullptr) return;
    if (!session->attached) {
      session = nullptr;
    } else if (!session->leaving) {
      session->leaving = true;
      next_request(*session, 0).set_leaving(true);
      for (const auto& [holder, task] : tasks_) next_request(*session, 0).add_released(task.token);
      tasks_.clear();
    }
  }
  if (session == nullptr) {
    abandon_.request_stop();
  } else {
    flush(session);
  }
}

void StageCrew::work() {
  for (;;) {
    std::shared_ptr<Session> session;
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return over_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      session = std::move(tasks_.front().first);
      task = std::move(tasks_.front().second);
      tasks_.pop_front();
      session->running.emplace(task.token, task.cancelled);
    }
    ItemEnd item_end = order_.handle(task.item);
    end(session, std::move(task), std::move(item_end));
  }
}

void StageCrew::end(const std::shared_ptr<Session>& session, Task&& task, ItemEnd&& item_end) {
  task.item.reports->close();
  bool is_lost = false;
  const bool is_cancelled = task.cancelled.stop_requested();
  {
    const std::lock_guard lock(mutex_);
    session->running.erase(task.token);
    is_lost = *session->broken;
    if (!is_lost && !is_cancelled) {
      add(*session, task.token, item_end);
      session->told.emplace(task.token, Told{std::move(task.item), std::move(item_end)});
    }
  }
  if (is_lost || is_cancelled) {
    const LeaseLost error = is_cancelled ? cancelled() : lost();
    order_.on_end(task.item, item_end, &error);
    if (is_lost) return;
  }
  flush(session);
}

void StageCrew::send(Reports&& reports) {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    session = session_;
    if (session == nullptr) return;
    for (v1::ProgressReport& report : reports) {
      if (!session->running.contains(report.lease_token())) continue;
      *next_request(*session, kMaxProgressMessageBytes).add_reports() = std::move(report);
    }
  }
  flush(session);
}

void StageCrew::add(Session& session, LeaseToken token, const ItemEnd& end) {
  if (const auto* outputs = std::get_if<std::vector<StageOutput>>(&end)) {
    v1::StageResult& result = *next_request(session, bytes_of(*outputs)).add_results();
    result.set_lease_token(token);
    for (const StageOutput& output : *outputs) {
      v1::StageOutput& to = *result.add_outputs();
      to.set_payload(output.payload);
      if (!output.attributes) continue;
      auto& attributes = *to.mutable_attributes()->mutable_attributes();
      for (const auto& [key, value] : *output.attributes) attributes[key] = value;
    }
  } else if (const auto* failed = std::get_if<FailedItem>(&end)) {
    v1::FailedLease& lease = *next_request(session, kMaxFailureBytes).add_failures();
    lease.set_lease_token(token);
    *lease.mutable_failure() = to_proto(failed->failure);
    lease.set_do_not_retry(failed->do_not_retry);
  } else {
    next_request(session, 0).add_released(token);
  }
}

v1::WorkRequest& StageCrew::next_request(Session& session, std::size_t bytes) {
  const bool full = session.last_bytes + bytes > kMaxPartBytes || session.last_entries >= static_cast<int>(kMaxBatch);
  if (session.next.empty() || full) {
    session.next.emplace_back();
    session.last_bytes = 0;
    session.last_entries = 0;
  }
  session.last_bytes += bytes;
  ++session.last_entries;
  return session.next.back();
}

void StageCrew::flush(const std::shared_ptr<Session>& session) {
  std::unique_lock lock(mutex_);
  if (session->writing) return;
  session->writing = true;
  while (!session->next.empty() && !*session->broken) {
    const v1::WorkRequest request = std::move(session->next.front());
    session->next.pop_front();
    lock.unlock();
    session->stream->write(request);
    lock.lock();
  }
  const bool last = session->leaving && session->running.empty() && !session->half_closed && !*session->broken;
  if (last) {
    session->half_closed = true;
    lock.unlock();
    session->stream->writes_done();
    lock.lock();
  }
  session->writing = false;
  changed_.notify_all();
}

bool StageCrew::pause_before_next(bool was_attached) {
  const auto now = steady_clock::now();
  if (was_attached || !away_since_) {
    away_since_ = now;
    next_pause_ = kFirstRetryPause;
  }
  const ClientOptions& options = connection_.options();
  const Duration patience = was_there_ ? options.reconnect_timeout : options.connect_timeout;
  if (now - *away_since_ >= patience) return false;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, next_pause_, [this] { return stopping_; });
  next_pause_ = std::min(next_pause_ * 2, Duration(kLastRetryPause));
  return !stopping_;
}

}  // namespace sluice::internal
