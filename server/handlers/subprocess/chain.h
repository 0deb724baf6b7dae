// The running commands of one item.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "absl/functional/any_invocable.h"
#include "proto/progress/lines.h"
#include "server/handlers/process/guard.h"
#include "server/handlers/process/tail.h"
#include "server/handlers/subprocess/plan.h"
#include "server/handlers/subprocess/verdict.h"

namespace sluice::handlers {

// Starts the commands as one process group, feeds and reads their pipes, watches time and output, and ends them:
//
//   running --> terminating --> killed      time-out, too much output, a command that could not be started, given up:
//      |             |             |        SIGTERM to the group, after `grace` SIGKILL
//      v             v             v
//   every command has exited; standard output and error have been closed, or `grace` is over
//      |
//      v
//   ended: what is left of the group is killed, then its leader is reaped. Until then no other process can have its number, so
//   no signal ever reaches a stranger.
//
// Lives in its asynchronous operations; destroyed together with its executor's context it kills and reaps what still runs.
// start() is called first and once; wait() next, then only give_up(), from any thread.
class Chain : public std::enable_shared_from_this<Chain> {
 public:
  Chain(std::shared_ptr<const Plan> plan, std::shared_ptr<Guard> guard, const boost::asio::any_io_executor& executor);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  // Starts the commands, up to the first that cannot be started.
  void start(const Launch& launch, const Input& input);
  // The process group's id, which is the first command's; 0 if nothing runs.
  [[nodiscard]] pid_t group() const { return group_; }

  using Done = absl::AnyInvocable<void(ChainEnd)>;
  // Calls `done` once, when all has ended or cannot be ended, on the chain's own strand.
  void wait(Done done);
  // Ends the commands soon; the verdict is kGivenUp. Grants at most limits::kDefaultGrace.
  void give_up();

 private:
  using Executor = boost::asio::strand<boost::asio::any_io_executor>;
  using Descriptor = boost::asio::posix::basic_stream_descriptor<Executor>;
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
  enum class Phase { kRunning, kTerminating, kKilled, kEnded };

  struct Command {
    Command(pid_t id, Descriptor descriptor) : pid(id), pidfd(std::move(descriptor)) {}
    pid_t pid;
    Descriptor pidfd;  // closed once reaped
    bool exited = false;
  };

  // These are false, after not_started(), if something cannot be had.
  bool start_commands(const Launch& launch);
  struct Ends {
    int in = -1;
    int out = -1;
    int err = -1;
    int progress = -1;
  };
  bool start_command(const Launch& launch, std::size_t index, const Ends& ends);
  bool not_started(std::size_t index, SpawnError error);
  // What the first command reads; none if errno says why. Fills the pipe before anybody reads it: most payloads fit, and need
  // no more care.
  Fd start_input();
  void begin();
  void end_given_up();

  void write_input();
  bool write_some();
  void read_output();
  void read_errors();
  // What the commands say of how far they are. Nothing waits for its end.
  void read_progress();
  void take_progress(std::string_view bytes);
  void take_output(std::string_view bytes);

  void watch(std::size_t index);
  void on_exit(std::size_t index);
  void check_end();
  void set_timer(base::Duration wait);
  void on_timer();
  void terminate(Stopped why, base::Duration grace);
  void kill();
  void signal(int number);
  void finish();
  void end_group();
  void reap_leader();

  const std::shared_ptr<const Plan> plan_;
  const std::shared_ptr<Guard> guard_;
  Executor strand_;
  Timer timer_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  Descriptor progress_;
  progress::Lines progress_lines_;
  std::shared_ptr<ProgressSink> progress_sink_;
  model::BodyPtr body_;
  std::size_t written_ = 0;
  Tail tail_;
  std::vector<Command> commands_;  // those that were started, from the first on
  std::size_t running_ = 0;        // of these, not exited
  pid_t group_ = 0;
  Guard::Place place_;
  Phase phase_ = Phase::kRunning;
  bool has_begun_ = false;
  bool given_up_ = false;
  bool lingering_ = false;  // every command has exited, and somebody else holds a pipe open
  std::chrono::steady_clock::time_point start_time_;
  ChainEnd end_;
  Done done_;
};

}  // namespace sluice::handlers
