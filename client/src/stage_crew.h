// The threads of a remote worker, and the stream by which they get their items.
//
// The calling thread holds the stream: it attaches, reads, and attaches again when the connection breaks. Each of the others
// takes an item and ends it; whichever finds nobody writing sends what has gathered, so that a busy worker sends few large
// messages. What was held when a stream broke is lost, whatever is still made of it.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "client/src/connection.h"
#include "client/src/reporter.h"
#include "sluice/stage_worker.h"

namespace sluice::internal {

// How a handler ends an item.
struct FailedItem {
  Failure failure;
  bool do_not_retry = false;
};
struct ReleasedItem {};
using ItemEnd = std::variant<std::vector<StageOutput>, FailedItem, ReleasedItem>;

class StageCrew final : public ReportsWay {
 public:
  struct Order {
    std::string pipeline;
    std::string stage;
    std::string name;
    std::size_t concurrency = 1;
    std::size_t prefetch = 0;
    std::stop_token stop;
    // Works on one item, on a thread of the crew. Must not throw.
    std::function<ItemEnd(const StageItem&)> handle;
    // Whether that took effect: null, or why not. On any thread of the crew.
    std::function<void(const StageItem&, const ItemEnd&, const Error*)> on_end;
    // Each time that the worker is attached; may be null.
    std::function<void()> on_attached;
  };

  // Both must outlive the crew.
  StageCrew(Connection& connection, const Order& order) : connection_(connection), order_(order) {}

  // Returns at the end of the stage, or after a stop. Throws what lasts.
  void run();

  // ReportsWay
  void send(Reports&& reports) override;

 private:
  struct Task {
    LeaseToken token = 0;
    StageItem item;
    std::stop_source cancelled = {};
  };
  struct Told {
    StageItem item;
    ItemEnd end;
  };
  // One stream. What it holds is guarded by mutex_.
  struct Session {
    std::unique_ptr<WorkStream> stream;
    std::shared_ptr<std::atomic<bool>> broken = std::make_shared<std::atomic<bool>>(false);
    std::deque<v1::WorkRequest> next;  // gathered to be sent, each as much as the server takes
    std::size_t last_bytes = 0;        // of the last of them
    int last_entries = 0;              // in it
    std::map<LeaseToken, Told> told;   // of which the server has not said what became of them
    bool writing = false;
    bool attached = false;
    bool half_closed = false;
    bool leaving = false;
    std::map<LeaseToken, std::stop_source> running;  // items that are worked on
  };

  // Attaches and serves until the stream ends. False when nothing more is to be done.
  bool serve();
  void attend(Session& session);
  void take_in(Session& session, v1::WorkResponse&& response);
  void note_attached(Session& session, const v1::WorkerAttached& attached);
  void settle(Session& session, LeaseToken token, const v1::LeaseResult* refused);
  // The item was cancelled: nobody begins it, and whoever works on it is told to stop.
  void cancel(Session& session, LeaseToken token);
  // What it held is somebody else's now.
  void give_up(Session& session);
  void leave();

  void work();
  void end(const std::shared_ptr<Session>& session, Task&& task, ItemEnd&& end);
  static void add(Session& session, LeaseToken token, const ItemEnd& end);
  // The message that something of that size goes into.
  static v1::WorkRequest& next_request(Session& session, std::size_t bytes);
  // Sends what has gathered, unless somebody does, and half-closes when there will be nothing more.
  void flush(const std::shared_ptr<Session>& session);
  // False when the crew has been stopped, or the server has been away for too long.
  bool pause_before_next(bool was_attached);

  Connection& connection_;
  const Order& order_;
  std::stop_source abandon_;  // ends a stream that is not attached yet

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::shared_ptr<Session> session_;
  std::deque<std::pair<std::shared_ptr<Session>, Task>> tasks_;  // that nobody has begun
  bool stopping_ = false;                                        // no more items are wanted
  bool over_ = false;                                            // the threads may go
  std::string queue_;                                            // the input of the stage

  // The calling thread's.
  bool end_of_work_ = false;
  bool was_there_ = false;
  std::optional<std::chrono::steady_clock::time_point> away_since_;
  Duration next_pause_{};
};

}  // namespace sluice::internal
