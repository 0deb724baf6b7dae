#include "server/handlers/coprocess/live_child.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <boost/asio/post.hpp>

#include "server/base/limits.h"
#include "server/base/reaction.h"
#include "server/handlers/coprocess/crew.h"
#include "server/handlers/process/pipes.h"
#include "server/handlers/process/quiet_write.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kReaction = "coprocess";
// A buffer that was once large does not stay so.
constexpr std::size_t kKeptBytes = 4 * limits::kCoprocessBufferBytes;

SpawnError unprepared() { return {.step = SpawnStep::kPrepare, .error_number = errno}; }

}  // namespace

LiveChild::LiveChild(std::shared_ptr<Crew> crew, std::shared_ptr<const CoprocessPlan> plan, Guard::Place place,
                     asio::io_context& io)
    : hand(plan->spec().in_flight, plan->spec().max_items, plan->spec().timeout),
      crew_(std::move(crew)),
      plan_(std::move(plan)),
      strand_(asio::make_strand(io)),
      input_(strand_),
      output_(strand_),
      errors_(strand_),
      pidfd_(strand_),
      item_timer_(strand_),
      end_timer_(strand_),
      place_(std::move(place)),
      closing_grace_(plan_->spec().grace),
      reader_(plan_->protocol().reader(plan_->spec().max_output_bytes)),
      tail_(limits::kMaxStderrTailBytes) {}

LiveChild::~LiveChild() { kill_and_reap(); }

std::optional<SpawnError> LiveChild::start() {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe errors = make_pipe();
  if (!in || !out || !errors || !make_non_blocking(in.write) || !make_non_blocking(out.read) ||
      !make_non_blocking(errors.read) || !adopt(in.write, input_) || !adopt(out.read, output_) ||
      !adopt(errors.read, errors_)) {
    return unprepared();
  }
  auto spawned = spawn({.paths = plan_->program().paths(),
                        .argv = plan_->argv(),
                        .env = plan_->env(),
                        .working_directory = plan_->surroundings().working_directory(),
                        .limits = plan_->surroundings().limits(),
                        .standard_input = in.read.get(),
                        .standard_output = out.write.get(),
                        .standard_error = errors.write.get(),
                        .guarded = place_.group()});
  if (const auto* error = std::get_if<SpawnError>(&spawned)) return *error;
  auto& child = std::get<Spawned>(spawned);
  if (!adopt(child.pidfd, pidfd_)) {
    const SpawnError error = unprepared();
    ::kill(child.pid, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED);
    return error;
  }
  pid_ = child.pid;
  asio::post(strand_, [self = shared_from_this()] { self->begin(); });
  return std::nullopt;
}

void LiveChild::kill_and_reap() {
  if (!pidfd_.is_open()) return;
  signal(SIGKILL);
  pollfd exited{.fd = pidfd_.native_handle(), .events = POLLIN, .revents = 0};
  ::poll(&exited, 1, kReapMilliseconds);
  reap();
}

void LiveChild::begin() {
  watch_exit();
  read_output();
  read_errors();
}

void LiveChild::post_flush() {
  asio::post(strand_, [self = shared_from_this()] { self->flush(); });
}

void LiveChild::post_give_up() {
  asio::post(strand_, [self = shared_from_this()] {
    const auto grace = std::min<base::Duration>(self->plan_->spec().grace, limits::kDefaultGrace);
    if (self->phase_ == Phase::kTerminating) self->set_end_timer(grace);
    self->terminate(Cause::kGivenUp, grace);
  });
}

void LiveChild::post_last_call() {
  asio::post(strand_, [self = shared_from_this()] {
    if (self->phase_ > Phase::kTerminating) return;
    self->closing_grace_ = std::min<base::Duration>(self->closing_grace_, limits::kDefaultGrace);
    if (self->phase_ == Phase::kRunning) self->end_.cause = Cause::kFinished;
    self->set_end_timer(self->closing_grace_);
    self->flush();
  });
}

void LiveChild::flush() {
  const base::ReactionTimer timer(kReaction);
  if (!is_waiting_to_write_) write();
}

void LiveChild::write() {
  while (input_.is_open()) {
    if (written_ == out_.size() && !refill()) return;
    const ssize_t count = quiet_write(input_.native_handle(), std::string_view(out_).substr(written_));
    if (count >= 0) {
      note_written(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      is_waiting_to_write_ = true;
      return input_.async_wait(Descriptor::wait_write, [self = shared_from_this()](const error_code& error) {
        const base::ReactionTimer timer(kReaction);
        self->is_waiting_to_write_ = false;
        if (!error) self->write();
      });
    } else if (errno != EINTR) {
      return on_input_gone();
    }
  }
}

bool LiveChild::refill() {
  const Crew::Staged staged = crew_->stage(*this);
  out_.clear();
  if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
  written_ = 0;
  if (staged.is_last) close_input();
  for (const JobPtr& job : staged.jobs) {
    starts_.push_back(out_.size());
    plan_->protocol().append_item(job->input, out_);
  }
  std::reverse(starts_.begin(), starts_.end());
  return !staged.jobs.empty();
}

void LiveChild::note_written(std::size_t count) {
  written_ += count;
  std::size_t begun = 0;
  for (; !starts_.empty() && starts_.back() < written_; ++begun) starts_.pop_back();
  if (begun == 0) return;
  crew_->begun(*this, begun);
  if (!is_timed_ && plan_->spec().timeout) watch_time();
}

// It reads no more, but may still answer what it has read.
void LiveChild::on_input_gone() {
  input_.close();
  crew_->close(*this);
  if (phase_ != Phase::kRunning) return;
  phase_ = Phase::kClosing;
  if (!crew_->holds_something(*this)) set_end_timer(closing_grace_);
}

void LiveChild::read_output() {
  output_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    const base::ReactionTimer timer(kReaction);
    if (error || !self->output_.is_open()) return;
    self->on_output();
    if (self->output_.is_open()) self->read_output();
  });
}

void LiveChild::on_output() {
  take_output();
  if (!output_.is_open()) return on_output_end();
  if (phase_ == Phase::kClosing && !crew_->holds_something(*this)) set_end_timer(closing_grace_);
}

void LiveChild::take_output() {
  std::optional<Nonsense> nonsense;
  read_some(output_, [&](std::string_view bytes) {
    nonsense = reader_->read(bytes, answers_);
    if (nonsense) output_.close();
  });
  if (!answers_.empty()) {
    auto more = crew_->answered(*this, std::exchange(answers_, {}));
    if (more) nonsense = std::move(more);
  }
  if (!nonsense || phase_ == Phase::kEnded) return;
  if (output_.is_open()) output_.close();
  crew_->close_for(*this, nonsense->item);
  end_.nonsense_reason = nonsense->reason;
  end_.nonsense = std::move(nonsense->message);
  terminate(Cause::kNonsense, plan_->spec().grace);
}

// Nothing can be answered any more.
void LiveChild::on_output_end() {
  if (phase_ != Phase::kRunning && phase_ != Phase::kClosing) return;
  crew_->close(*this);
  if (input_.is_open()) input_.close();
  phase_ = Phase::kClosing;
  set_end_timer(closing_grace_);
}

void LiveChild::read_errors() {
  errors_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error || !self->errors_.is_open()) return;
    read_some(self->errors_, [&](std::string_view bytes) { self->tail_.append(bytes); });
    if (self->errors_.is_open()) self->read_errors();
  });
}

void LiveChild::watch_time() {
  const auto deadline = crew_->deadline(*this);
  is_timed_ = deadline.has_value();
  if (!is_timed_) return;
  item_timer_.expires_at(*deadline);
  item_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->phase_ > Phase::kClosing) return;
    if (self->crew_->close_if_late(*self)) return self->terminate(Cause::kTimedOut, self->plan_->spec().grace);
    self->watch_time();
  });
}

void LiveChild::watch_exit() {
  pidfd_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (!error) self->on_exit();
  });
}

void LiveChild::on_exit() {
  siginfo_t info{};
  const int waited = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.native_handle()), &info, WEXITED | WNOHANG | WNOWAIT);
  if (waited == 0 && info.si_pid == 0) return watch_exit();
  record(info, end_.how);
  exited_ = true;
  signal(SIGKILL);
  if (phase_ == Phase::kEnded) return reap();
  read_the_rest();
  finish();
}

// What it wrote before its end, and no more than fits into its pipes.
void LiveChild::read_the_rest() {
  if (output_.is_open()) take_output();
  if (errors_.is_open()) read_some(errors_, [&](std::string_view bytes) { tail_.append(bytes); });
}

void LiveChild::close_input() {
  if (input_.is_open()) input_.close();
  if (phase_ != Phase::kRunning) return;
  phase_ = Phase::kClosing;
  end_.cause = Cause::kFinished;
  if (!crew_->holds_something(*this)) set_end_timer(closing_grace_);
}

void LiveChild::terminate(Cause cause, base::Duration grace) {
  if (phase_ != Phase::kRunning && phase_ != Phase::kClosing) return;
  phase_ = Phase::kTerminating;
  end_.cause = cause;
  if (input_.is_open()) input_.close();
  if (exited_) return;
  if (grace == base::Duration::zero()) {
    end_.killed = true;
    return kill();
  }
  signal(SIGTERM);
  signal(SIGCONT);
  set_end_timer(grace);
}

void LiveChild::set_end_timer(base::Duration wait) {
  end_timer_.expires_after(wait);
  end_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    const bool is_stale = self->end_timer_.expiry() > std::chrono::steady_clock::now();
    if (!error && !is_stale) self->on_end_timer();
  });
}

void LiveChild::on_end_timer() {
  switch (phase_) {
    case Phase::kRunning:
    case Phase::kClosing:
    case Phase::kTerminating:
      end_.killed = true;
      return kill();
    case Phase::kKilled:
      return finish();
    case Phase::kEnded:
      return;
  }
}

void LiveChild::kill() {
  phase_ = Phase::kKilled;
  signal(SIGKILL);
  set_end_timer(kKillTimeout);
}

void LiveChild::signal(int number) const {
  ::kill(-pid_, number);
  if (!exited_ && ::getpgid(pid_) != pid_) ::kill(pid_, number);
}

void LiveChild::finish() {
  if (std::exchange(phase_, Phase::kEnded) == Phase::kEnded) return;
  item_timer_.cancel();
  end_timer_.cancel();
  for (Descriptor* descriptor : {&input_, &output_, &errors_}) {
    if (descriptor->is_open()) descriptor->close();
  }
  if (exited_) reap();
  end_.stderr_tail = tail_.text();
  crew_->ended(*this, end_);
}

void LiveChild::reap() {
  // Before the number may be somebody else's.
  place_.reset();
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.native_handle()), &info, WEXITED | WNOHANG);
  pidfd_.close();
}

}  // namespace sluice::handlers
