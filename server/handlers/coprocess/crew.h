// The children of one coprocess handler, and the items that wait for them.
//
// An item goes to a child that has nothing to do, else to a new one while there may be more, else to the one that has the least
// in hand, else it waits its turn. After a child that ended before it answered anything the next one is started only after a
// pause, which grows each time.
//
// Owned by the context on which its children are watched (crew_service.h), so that they end with it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/handlers/coprocess/job.h"
#include "server/handlers/coprocess/live_child.h"
#include "server/handlers/coprocess/plan.h"
#include "server/handlers/coprocess/verdict.h"
#include "server/handlers/exits.h"
#include "server/handlers/process/guard.h"

namespace sluice::handlers {

// Thread-safe.
class Crew : public std::enable_shared_from_this<Crew> {
 public:
  Crew(std::shared_ptr<const CoprocessPlan> plan, std::shared_ptr<Guard> guard, std::shared_ptr<Exits> exits,
       boost::asio::io_context& io);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // For the coroutine of an item: once; what is known of it at once.
  News submit(const JobPtr& job);
  // Tells the next news, once: as soon as they are others than that it is with the child `known_pid`.
  void tell(const JobPtr& job, std::int64_t known_pid, Job::Told told);
  // Its outcome, which nobody needs, comes soon. If a child has it in hand and nothing else, that child is ended.
  void give_up(const JobPtr& job);

  // No items come any more. Children end as soon as they have answered, or limits::kDefaultGrace is over.
  void end(std::function<void()> done);
  // The context goes down: children are killed, waiting coroutines destroyed. Nothing is called any more.
  void drop();

  // For its children, each on its own strand.
  struct Staged {
    std::vector<JobPtr> jobs;  // to be written next
    bool is_last = false;      // there are none, and there will be none
  };
  [[nodiscard]] Staged stage(LiveChild& child);
  // The first `count` of these have begun.
  void begun(LiveChild& child, std::size_t count);
  // Hands the answers on. What is left if they make no sense: then it gets no more.
  [[nodiscard]] std::optional<Nonsense> answered(LiveChild& child, std::vector<Answer>&& answers);
  // It gets no more; what it has not begun goes elsewhere.
  void close(LiveChild& child);
  // The same if it is too late for anything that it has in hand, or if `culprit` stands for the item that makes it so.
  [[nodiscard]] bool close_if_late(LiveChild& child);
  void close_for(LiveChild& child, std::optional<model::ItemId> culprit);
  void ended(LiveChild& child, const ChildEnd& end);

  // Whether it has begun something that it has not answered.
  [[nodiscard]] bool holds_something(const LiveChild& child) const;
  // When the first of that runs out of time; none: nothing does.
  [[nodiscard]] std::optional<Job::Clock::time_point> deadline(const LiveChild& child) const;

 private:
  class Turn;

  // All of these under the lock.
  void dispatch(Turn& turn);
  [[nodiscard]] LiveChild* choose(Turn& turn);
  // Null: it could not be started, and if there is no other child either, the items that wait have failed.
  LiveChild* start(Turn& turn);
  void give(LiveChild& child, JobPtr job, Turn& turn);
  void give_back(std::vector<JobPtr> jobs, Turn& turn);
  void settle(const JobPtr& job, Outcome outcome, Turn& turn);
  void remove(const LiveChild& child, Turn& turn);
  void pause_after_failure();
  void wake_after_pause();

  const std::shared_ptr<const CoprocessPlan> plan_;
  const std::shared_ptr<Guard> guard_;
  const std::shared_ptr<Exits> exits_;
  boost::asio::io_context& io_;

  mutable std::mutex mutex_;
  std::deque<JobPtr> waiting_;
  std::vector<std::shared_ptr<LiveChild>> children_;
  bool over_ = false;
  std::function<void()> on_end_;
  std::size_t failures_ = 0;  // children in a row that ended before they answered
  Job::Clock::time_point not_before_{};
  std::optional<boost::asio::steady_timer> pause_;  // while something waits for it
};

}  // namespace sluice::handlers
