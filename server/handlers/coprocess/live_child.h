// One child that stays alive.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "server/handlers/coprocess/hand.h"
#include "server/handlers/coprocess/plan.h"
#include "server/handlers/coprocess/verdict.h"
#include "server/handlers/process/guard.h"
#include "server/handlers/process/spawn.h"
#include "server/handlers/process/tail.h"

namespace sluice::handlers {

class Crew;

// Writes items to its standard input, reads answers from its standard output, watches their time, and ends it:
//
//   running --> closing --> killed      its standard input is closed, because it has had its items; `grace`, then SIGKILL
//      |           |          ^
//      +-----------+-> terminating      time-out, nonsense, given up: SIGTERM, `grace`, SIGKILL; always to the whole group
//      |           |          |
//      v           v          v
//   it has exited: what is left of its group is killed, what it has written is read, then it is reaped
//
// Lives in its asynchronous operations and in its crew. The crew's lock guards what is said to be; the rest runs on a strand of
// its own.
class LiveChild : public std::enable_shared_from_this<LiveChild> {
 public:
  LiveChild(std::shared_ptr<Crew> crew, std::shared_ptr<const CoprocessPlan> plan, Guard::Place place,
            boost::asio::io_context& io);
  ~LiveChild();
  LiveChild(const LiveChild&) = delete;
  LiveChild& operator=(const LiveChild&) = delete;

  // Once, first. The error if it cannot be started; then it is of no more use.
  [[nodiscard]] std::optional<SpawnError> start();
  [[nodiscard]] pid_t pid() const { return pid_; }

  // Any thread. Writes what its hand was given.
  void post_flush();
  // Any thread. Nobody wants what it works on.
  void post_give_up();
  // Any thread. Its hand has been closed, and it is waited for limits::kDefaultGrace at most.
  void post_last_call();
  // When nothing of it runs any more, because its context goes down.
  void kill_and_reap();

  // Guarded by the crew's lock.
  Hand hand;
  bool is_flush_posted = false;

 private:
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
  using Descriptor = boost::asio::posix::basic_stream_descriptor<Strand>;
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Strand>;
  enum class Phase { kRunning, kClosing, kTerminating, kKilled, kEnded };

  void begin();
  void flush();
  void write();
  // False if there is nothing to be written, for now or for good.
  bool refill();
  void note_written(std::size_t count);
  void on_input_gone();

  void read_output();
  void on_output();
  void take_output();
  void on_output_end();
  void read_errors();

  void watch_time();
  void watch_exit();
  void on_exit();
  void read_the_rest();

  void close_input();
  void terminate(Cause cause, base::Duration grace);
  void set_end_timer(base::Duration wait);
  void on_end_timer();
  void kill();
  void signal(int number) const;
  void finish();
  void reap();

  const std::shared_ptr<Crew> crew_;
  const std::shared_ptr<const CoprocessPlan> plan_;
  Strand strand_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  Descriptor pidfd_;  // closed once reaped
  Timer item_timer_;
  Timer end_timer_;
  Guard::Place place_;
  base::Duration closing_grace_;  // from the end of its work to SIGKILL
  pid_t pid_ = 0;

  std::string out_;                  // what is being written
  std::vector<std::size_t> starts_;  // where in it the items that have not begun begin, from the last one on
  std::size_t written_ = 0;
  bool is_waiting_to_write_ = false;
  bool is_timed_ = false;

  std::unique_ptr<AnswerReader> reader_;
  std::vector<Answer> answers_;
  Tail tail_;

  Phase phase_ = Phase::kRunning;
  bool exited_ = false;
  ChildEnd end_;
};

}  // namespace sluice::handlers
