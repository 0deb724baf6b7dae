#include "server/handlers/coprocess/crew.h"

#include <algorithm>

#include "server/base/limits.h"

namespace sluice::handlers {

// The lock, and what is to be done once it is given back.
class Crew::Turn {
 public:
  explicit Turn(Crew& crew) : lock_(crew.mutex_) {}
  ~Turn() {
    lock_.unlock();
    for (auto& [told, news] : news_) told(std::move(news));
    for (const auto& child : to_flush_) child->post_flush();
    for (const auto& child : to_give_up_) child->post_give_up();
    for (const auto& child : to_call_last_) child->post_last_call();
    if (on_end_) on_end_();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Tells the coroutine, if it waits.
  void tell(Job& job) {
    if (!job.told) return;
    // Moved: only the last news have an outcome.
    news_.emplace_back(std::exchange(job.told, nullptr), std::move(job.news));
  }
  void flush(LiveChild& child) {
    if (!std::exchange(child.is_flush_posted, true)) to_flush_.push_back(child.shared_from_this());
  }
  void call_last(LiveChild& child) { to_call_last_.push_back(child.shared_from_this()); }
  void give_up(LiveChild& child) { to_give_up_.push_back(child.shared_from_this()); }
  void end(std::function<void()> on_end) { on_end_ = std::move(on_end); }

 private:
  std::unique_lock<std::mutex> lock_;
  std::vector<std::pair<Job::Told, News>> news_;
  std::vector<std::shared_ptr<LiveChild>> to_flush_;
  std::vector<std::shared_ptr<LiveChild>> to_give_up_;
  std::vector<std::shared_ptr<LiveChild>> to_call_last_;
  std::function<void()> on_end_;
};

Crew::Crew(std::shared_ptr<const CoprocessPlan> plan, std::shared_ptr<Guard> guard, std::shared_ptr<Exits> exits,
           boost::asio::io_context& io)
    : plan_(std::move(plan)), guard_(std::move(guard)), exits_(std::move(exits)), io_(io) {}

Crew::~Crew() = default;

News Crew::submit(const JobPtr& job) {
  Turn turn(*this);
  waiting_.push_back(job);
  dispatch(turn);
  return {.pid = job->news.pid, .outcome = std::exchange(job->news.outcome, std::nullopt)};
}

void Crew::tell(const JobPtr& job, std::int64_t known_pid, Job::Told told) {
  Turn turn(*this);
  job->told = std::move(told);
  if (job->news.outcome || job->news.pid != known_pid) turn.tell(*job);
}

void Crew::give_up(const JobPtr& job) {
  Turn turn(*this);
  job->given_up = true;
  LiveChild* child = job->child;
  if (child == nullptr) {
    if (std::erase(waiting_, job) > 0) settle(job, handlers::given_up(), turn);
    return;
  }
  if (child->hand.take_back(*job)) return settle(job, handlers::given_up(), turn);
  give_back(child->hand.close(), turn);
  // Others in the same hand are let finish, and this one's coroutine does not wait for them.
  if (child->hand.is_given_up()) {
    turn.give_up(*child);
  } else {
    job->news = {.pid = 0, .outcome = handlers::given_up()};
    turn.tell(*job);
    turn.flush(*child);
  }
  dispatch(turn);
}

void Crew::end(std::function<void()> done) {
  Turn turn(*this);
  over_ = true;
  on_end_ = std::move(done);
  for (const JobPtr& job : std::exchange(waiting_, {})) settle(job, handlers::given_up(), turn);
  for (const auto& child : children_) {
    for (const JobPtr& job : child->hand.close()) settle(job, handlers::given_up(), turn);
    turn.call_last(*child);
  }
  if (children_.empty()) turn.end(std::exchange(on_end_, nullptr));
}

void Crew::drop() {
  // Destroyed without the lock: coroutines may come back here on their way out.
  std::deque<JobPtr> jobs;
  std::vector<std::shared_ptr<LiveChild>> children;
  std::vector<Job::Told> coroutines;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    pause_.reset();
    jobs.swap(waiting_);
    children.swap(children_);
    for (const auto& child : children) {
      for (auto& job : child->hand.take_begun()) jobs.push_back(std::move(job));
      for (auto& job : child->hand.take_unbegun()) jobs.push_back(std::move(job));
    }
    for (const JobPtr& job : jobs) coroutines.push_back(std::exchange(job->told, nullptr));
  }
  for (const auto& child : children) child->kill_and_reap();
}

Crew::Staged Crew::stage(LiveChild& child) {
  const std::lock_guard lock(mutex_);
  child.is_flush_posted = false;
  Staged staged{.jobs = child.hand.stage(limits::kCoprocessBufferBytes)};
  staged.is_last = staged.jobs.empty() && !child.hand.is_open();
  return staged;
}

void Crew::begun(LiveChild& child, std::size_t count) {
  const std::lock_guard lock(mutex_);
  child.hand.begin(count, Job::Clock::now());
}

std::optional<Nonsense> Crew::answered(LiveChild& child, std::vector<Answer>&& answers) {
  Turn turn(*this);
  for (Answer& answer : answers) {
    const JobPtr job = answer.progress ? child.hand.find(answer.item) : child.hand.take(answer.item);
    if (!job) {
      return Nonsense{.reason = model::failure_reason::kBadFrame,
                      .item = std::nullopt,
                      .message = answer.item ? "answered item " + std::to_string(model::number(*answer.item)) +
                                                   ", which it does not have in hand"
                                             : "wrote a line more than it was given"};
    }
    if (answer.progress) {
      if (job->input.progress_sink) job->input.progress_sink->report(*std::move(answer.progress));
      continue;
    }
    failures_ = 0;
    not_before_ = {};
    settle(job, job->given_up ? Outcome(handlers::given_up()) : std::move(answer.outcome), turn);
  }
  // Of those that it has left nobody wants any.
  if (!child.hand.is_open() && child.hand.size() > 0 && child.hand.is_given_up()) turn.give_up(child);
  dispatch(turn);
  return std::nullopt;
}

void Crew::close(LiveChild& child) {
  Turn turn(*this);
  give_back(child.hand.close_unread(), turn);
  dispatch(turn);
}

bool Crew::close_if_late(LiveChild& child) {
  Turn turn(*this);
  const auto now = Job::Clock::now();
  const auto deadline = child.hand.deadline();
  if (!deadline || *deadline > now) return false;
  child.hand.mark_late(now);
  give_back(child.hand.close(), turn);
  dispatch(turn);
  return true;
}

void Crew::close_for(LiveChild& child, std::optional<model::ItemId> culprit) {
  Turn turn(*this);
  if (const auto job = child.hand.find(culprit)) job->is_culprit = true;
  give_back(child.hand.close(), turn);
  dispatch(turn);
}

bool Crew::holds_something(const LiveChild& child) const {
  const std::lock_guard lock(mutex_);
  return child.hand.has_begun();
}

std::optional<Job::Clock::time_point> Crew::deadline(const LiveChild& child) const {
  const std::lock_guard lock(mutex_);
  return child.hand.deadline();
}

void Crew::ended(LiveChild& child, const ChildEnd& end) {
  Turn turn(*this);
  exits_->count(exit_reason(end));
  std::vector<JobPtr> lost = child.hand.take_begun();
  std::vector<JobPtr> back = child.hand.take_unbegun();
  const bool has_answered = child.hand.answered() > 0;
  const bool was_fault = end.cause == Cause::kItself || end.cause == Cause::kNonsense;
  if (was_fault && !has_answered) {
    // One that does not even read must not be started for the same item for ever.
    if (lost.empty() && !back.empty()) {
      lost.push_back(std::move(back.front()));
      back.erase(back.begin());
    }
    pause_after_failure();
  }
  for (const JobPtr& job : lost) settle(job, judge(*plan_, *job, end), turn);
  give_back(std::move(back), turn);
  remove(child, turn);
  if (over_) {
    for (const JobPtr& job : std::exchange(waiting_, {})) settle(job, handlers::given_up(), turn);
  }
  dispatch(turn);
}

void Crew::dispatch(Turn& turn) {
  if (over_) {
    for (const JobPtr& job : std::exchange(waiting_, {})) settle(job, handlers::given_up(), turn);
    return;
  }
  while (!waiting_.empty()) {
    const std::size_t before = waiting_.size();
    if (LiveChild* child = choose(turn)) {
      JobPtr job = std::move(waiting_.front());
      waiting_.pop_front();
      give(*child, std::move(job), turn);
    } else if (waiting_.size() == before) {
      break;
    }
  }
  if (!waiting_.empty() && children_.size() < plan_->spec().processes) wake_after_pause();
}

LiveChild* Crew::choose(Turn& turn) {
  LiveChild* best = nullptr;
  for (const auto& child : children_) {
    if (child->hand.has_room() && (best == nullptr || child->hand.size() < best->hand.size())) best = child.get();
  }
  const bool may_start = children_.size() < plan_->spec().processes && Job::Clock::now() >= not_before_;
  if (!may_start || (best != nullptr && best->hand.size() == 0)) return best;
  LiveChild* fresh = start(turn);
  return fresh != nullptr ? fresh : best;
}

LiveChild* Crew::start(Turn& turn) {
  auto child = std::make_shared<LiveChild>(shared_from_this(), plan_, guard_->place(), io_);
  const auto error = child->start();
  if (!error) {
    children_.push_back(child);
    return child.get();
  }
  exits_->count(model::failure_reason::kSpawnFailed);
  if (children_.empty()) {
    // All of them, or each would try in vain.
    for (const JobPtr& job : std::exchange(waiting_, {})) settle(job, not_started(*plan_, *error), turn);
  } else {
    pause_after_failure();
  }
  return nullptr;
}

void Crew::give(LiveChild& child, JobPtr job, Turn& turn) {
  job->child = &child;
  job->news.pid = child.pid();
  turn.tell(*job);
  child.hand.give(std::move(job));
  turn.flush(child);
}

void Crew::give_back(std::vector<JobPtr> jobs, Turn& turn) {
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    if ((*job)->given_up) {
      settle(*job, handlers::given_up(), turn);
      continue;
    }
    (*job)->child = nullptr;
    (*job)->staged = false;
    (*job)->news.pid = 0;
    waiting_.push_front(std::move(*job));
  }
}

void Crew::settle(const JobPtr& job, Outcome outcome, Turn& turn) {
  job->child = nullptr;
  job->news = {.pid = 0, .outcome = std::move(outcome)};
  turn.tell(*job);
}

void Crew::remove(const LiveChild& child, Turn& turn) {
  std::erase_if(children_, [&child](const auto& each) { return each.get() == &child; });
  if (over_ && children_.empty() && on_end_) turn.end(std::exchange(on_end_, nullptr));
}

void Crew::pause_after_failure() {
  base::Duration pause = limits::kMinRestartPause;
  for (std::size_t i = 0; i < failures_ && pause < limits::kMaxRestartPause; ++i) pause *= 2;
  ++failures_;
  not_before_ = Job::Clock::now() + std::min<base::Duration>(pause, limits::kMaxRestartPause);
}

void Crew::wake_after_pause() {
  if (pause_ || Job::Clock::now() >= not_before_) return;
  pause_.emplace(io_, not_before_);
  pause_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    Turn turn(*self);
    self->pause_.reset();
    self->dispatch(turn);
  });
}

}  // namespace sluice::handlers
