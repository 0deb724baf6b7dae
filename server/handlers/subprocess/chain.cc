#include "server/handlers/subprocess/chain.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "server/handlers/process/pipes.h"
#include "server/handlers/process/quiet_write.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::size_t kDefaultPipeBytes = 64UL << 10;
constexpr std::size_t kMaxPipeBytes = 1UL << 20;

SpawnError unprepared() { return {.step = SpawnStep::kPrepare, .error_number = errno}; }

}  // namespace

Chain::Chain(std::shared_ptr<const Plan> plan, std::shared_ptr<Guard> guard, const asio::any_io_executor& executor)
    : plan_(std::move(plan)),
      guard_(std::move(guard)),
      strand_(asio::make_strand(executor)),
      timer_(strand_),
      input_(strand_),
      output_(strand_),
      errors_(strand_),
      progress_(strand_),
      tail_(limits::kMaxStderrTailBytes) {
  end_.commands.resize(plan_->commands().size());
  commands_.reserve(plan_->commands().size());
}

Chain::~Chain() {
  if (commands_.empty() || !commands_.front().pidfd.is_open()) return;
  signal(SIGKILL);
  place_.reset();
  for (Command& command : commands_) {
    if (!command.pidfd.is_open()) continue;
    pollfd exited{.fd = command.pidfd.native_handle(), .events = POLLIN, .revents = 0};
    ::poll(&exited, 1, kReapMilliseconds);
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(command.pidfd.native_handle()), &info, WEXITED | WNOHANG);
  }
}

void Chain::start(const Launch& launch, const Input& input) {
  start_time_ = steady_clock::now();
  body_ = input.body;
  progress_sink_ = input.progress_sink;
  place_ = guard_->place();
  start_commands(launch);
}

bool Chain::start_commands(const Launch& launch) {
  Fd in = start_input();
  if (!in) return not_started(0, unprepared());
  Pipe errors = make_pipe();
  Pipe progress = make_pipe();
  if (!errors || !progress) return not_started(0, unprepared());
  const std::size_t count = plan_->commands().size();
  for (std::size_t i = 0; i < count; ++i) {
    Pipe out = make_pipe();
    if (!out) return not_started(i, unprepared());
    const Ends ends{.in = in.get(), .out = out.write.get(), .err = errors.write.get(), .progress = progress.write.get()};
    if (!start_command(launch, i, ends)) return false;
    in = std::move(out.read);
  }
  const bool is_ready = make_non_blocking(in) && make_non_blocking(errors.read) && make_non_blocking(progress.read) &&
                        adopt(in, output_) && adopt(errors.read, errors_) && adopt(progress.read, progress_);
  return is_ready || not_started(count - 1, unprepared());
}

bool Chain::start_command(const Launch& launch, std::size_t index, const Ends& ends) {
  auto spawned = spawn({.paths = plan_->commands()[index].program.paths(),
                        .argv = launch.argv(index),
                        .env = launch.env(),
                        .working_directory = plan_->surroundings().working_directory(),
                        .limits = plan_->surroundings().limits(),
                        .standard_input = ends.in,
                        .standard_output = ends.out,
                        .standard_error = ends.err,
                        .progress = ends.progress,
                        .group = group_,
                        .guarded = place_.group()});
  if (const auto* error = std::get_if<SpawnError>(&spawned)) return not_started(index, *error);
  auto& child = std::get<Spawned>(spawned);
  Command command(child.pid, Descriptor(strand_));
  if (!adopt(child.pidfd, command.pidfd)) {
    const SpawnError error = unprepared();
    ::kill(child.pid, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED);
    return not_started(index, error);
  }
  if (group_ == 0) group_ = child.pid;
  commands_.push_back(std::move(command));
  ++running_;
  return true;
}

bool Chain::not_started(std::size_t index, SpawnError error) {
  end_.spawn_error = error;
  end_.spawn_failure = index;
  return false;
}

Fd Chain::start_input() {
  if (body_->payload.empty()) return open_null_device();
  Pipe pipe = make_pipe();
  if (!pipe || !make_non_blocking(pipe.write)) return {};
  // Only a matter of speed, so a refusal does not matter.
  const std::size_t wanted = std::min(body_->payload.size(), kMaxPipeBytes);
  if (wanted > kDefaultPipeBytes) ::fcntl(pipe.write.get(), F_SETPIPE_SZ, static_cast<int>(wanted));
  if (!adopt(pipe.write, input_)) return {};
  if (!write_some()) input_.close();
  return std::move(pipe.read);
}

void Chain::wait(Done done) {
  asio::dispatch(strand_, [self = shared_from_this(), done = std::move(done)]() mutable {
    self->done_ = std::move(done);
    self->begin();
  });
}

void Chain::give_up() {
  asio::post(strand_, [self = shared_from_this()] {
    self->given_up_ = true;
    if (self->has_begun_) self->end_given_up();
  });
}

void Chain::end_given_up() {
  const auto grace = std::min<base::Duration>(plan_->spec().grace, limits::kDefaultGrace);
  if (phase_ == Phase::kTerminating) set_timer(grace);
  terminate(Stopped::kGivenUp, grace);
}

void Chain::begin() {
  has_begun_ = true;
  for (std::size_t i = 0; i < commands_.size(); ++i) watch(i);
  if (end_.spawn_error.error_number != 0) {
    terminate(Stopped::kSpawnFailed, plan_->spec().grace);
    return check_end();
  }
  if (plan_->spec().timeout) set_timer(*plan_->spec().timeout);
  if (input_.is_open()) write_input();
  read_output();
  read_errors();
  read_progress();
  if (given_up_) end_given_up();
}

void Chain::write_input() {
  input_.async_wait(Descriptor::wait_write, [self = shared_from_this()](const error_code& error) {
    if (error || !self->input_.is_open()) return;
    if (self->write_some()) return self->write_input();
    self->input_.close();
  });
}

// True while there is more to write. A reader that is gone has had enough.
bool Chain::write_some() {
  const std::string_view rest = std::string_view(body_->payload).substr(written_);
  const ssize_t count = quiet_write(input_.native_handle(), rest);
  if (count >= 0) written_ += static_cast<std::size_t>(count);
  const bool may_go_on = count >= 0 || errno == EAGAIN || errno == EINTR;
  return may_go_on && written_ < body_->payload.size();
}

void Chain::take_output(std::string_view bytes) {
  end_.output += bytes;
  if (end_.output.size() <= plan_->spec().max_output_bytes) return;
  end_.output = {};
  output_.close();
  if (phase_ == Phase::kEnded && end_.stopped == Stopped::kNot) end_.stopped = Stopped::kOutputTooLarge;
  terminate(Stopped::kOutputTooLarge, plan_->spec().grace);
}

void Chain::read_output() {
  output_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error || !self->output_.is_open()) return;
    read_some(self->output_, [&](std::string_view bytes) { self->take_output(bytes); });
    if (self->output_.is_open()) return self->read_output();
    self->check_end();
  });
}

void Chain::read_errors() {
  errors_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error || !self->errors_.is_open()) return;
    read_some(self->errors_, [&](std::string_view bytes) { self->tail_.append(bytes); });
    if (self->errors_.is_open()) return self->read_errors();
    self->check_end();
  });
}

void Chain::read_progress() {
  progress_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error || !self->progress_.is_open()) return;
    read_some(self->progress_, [&](std::string_view bytes) { self->take_progress(bytes); });
    if (self->progress_.is_open()) self->read_progress();
  });
}

void Chain::take_progress(std::string_view bytes) {
  const auto line = progress_lines_.add(bytes);
  if (line && progress_sink_) progress_sink_->report(progress_of(line->fraction, line->message));
}

void Chain::watch(std::size_t index) {
  commands_[index].pidfd.async_wait(Descriptor::wait_read, [self = shared_from_this(), index](const error_code& error) {
    if (!error) self->on_exit(index);
  });
}

void Chain::on_exit(std::size_t index) {
  Command& command = commands_[index];
  siginfo_t info{};
  const int leave_leader = index == 0 ? WNOWAIT : 0;
  const int waited =
      ::waitid(P_PIDFD, static_cast<id_t>(command.pidfd.native_handle()), &info, WEXITED | WNOHANG | leave_leader);
  if (waited == 0 && info.si_pid == 0) return watch(index);
  CommandEnd& end = end_.commands[index];
  record(info, end);
  end.was_told = phase_ != Phase::kRunning;
  command.exited = true;
  if (index > 0) command.pidfd.close();
  --running_;
  check_end();
}

void Chain::check_end() {
  if (running_ > 0) return;
  if (phase_ == Phase::kEnded) return end_group();
  const bool has_open_pipe = output_.is_open() || errors_.is_open();
  if (!has_open_pipe || phase_ == Phase::kKilled) return finish();
  if (phase_ != Phase::kRunning || std::exchange(lingering_, true)) return;
  base::Duration wait = plan_->spec().grace;
  if (const auto& timeout = plan_->spec().timeout) {
    const auto left = start_time_ + *timeout - steady_clock::now();
    wait = std::min(wait, std::chrono::duration_cast<base::Duration>(left));
  }
  set_timer(wait);
}

void Chain::set_timer(base::Duration wait) {
  timer_.expires_after(wait);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    const bool is_stale = self->timer_.expiry() > steady_clock::now();
    if (!error && !is_stale) self->on_timer();
  });
}

void Chain::on_timer() {
  switch (phase_) {
    case Phase::kRunning:
      if (running_ == 0) return kill();
      return terminate(Stopped::kTimedOut, plan_->spec().grace);
    case Phase::kTerminating:
      end_.killed = running_ > 0;
      return kill();
    case Phase::kKilled:
      return finish();
    case Phase::kEnded:
      return;
  }
}

void Chain::terminate(Stopped why, base::Duration grace) {
  if (phase_ != Phase::kRunning) return;
  phase_ = Phase::kTerminating;
  end_.stopped = why;
  if (input_.is_open()) input_.close();
  if (grace == base::Duration::zero()) {
    end_.killed = running_ > 0;
    return kill();
  }
  signal(SIGTERM);
  signal(SIGCONT);
  set_timer(grace);
}

void Chain::kill() {
  phase_ = Phase::kKilled;
  signal(SIGKILL);
  set_timer(kKillTimeout);
  check_end();
}

void Chain::signal(int number) {
  if (group_ == 0) return;
  ::kill(-group_, number);
  for (const Command& command : commands_) {
    if (!command.exited && ::getpgid(command.pid) != group_) ::kill(command.pid, number);
  }
}

void Chain::finish() {
  if (std::exchange(phase_, Phase::kEnded) == Phase::kEnded) return;
  timer_.cancel();
  // What was written before the end is there by now; whoever still holds a pipe open has had its time.
  read_some(output_, [&](std::string_view bytes) { take_output(bytes); });
  read_some(errors_, [&](std::string_view bytes) { tail_.append(bytes); });
  for (Descriptor* descriptor : {&input_, &output_, &errors_, &progress_}) {
    if (descriptor->is_open()) descriptor->close();
  }
  if (running_ == 0) end_group();
  end_.stderr_tail = tail_.text();
  std::exchange(done_, nullptr)(std::move(end_));
}

void Chain::end_group() {
  if (group_ == 0) return;
  signal(SIGKILL);
  place_.reset();
  reap_leader();
}

void Chain::reap_leader() {
  Descriptor& pidfd = commands_.front().pidfd;
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd.native_handle()), &info, WEXITED | WNOHANG);
  pidfd.close();
  group_ = 0;
}

}  // namespace sluice::handlers
