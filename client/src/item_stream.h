// The items of a queue over one stream (Consume), as a loop takes them.
//
// They are held for as long as the stream lives: no lease runs out, and when this program dies they go back at once. A thread
// reads what the server says, so that an item that is lost is known as lost while it is still worked on.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "client/src/connection.h"
#include "client/src/held_item.h"
#include "client/src/keeper.h"
#include "client/src/reporter.h"

namespace sluice::internal {

// Items keep their stream alive. Thread-safe, except that one thread at a time asks for the next item.
class ItemStream final : public ReportsWay, public std::enable_shared_from_this<ItemStream> {
 public:
  // Waits until there is a connection; `stop` ends that wait with Cancelled. At most `credit` items are held at a time.
  ItemStream(std::shared_ptr<Connection> connection, std::string queue, std::uint32_t credit, const std::stop_token& stop);
  // What is held still goes back untouched. Waits for that as long as a server that lives may take.
  ~ItemStream();
  ItemStream(const ItemStream&) = delete;
  ItemStream& operator=(const ItemStream&) = delete;

  // ReportsWay
  void send(Reports&& reports) override;

  // The next item; null at the end of the queue and after a stop. Throws what the stream ended with.
  std::unique_ptr<HeldItem> next(const std::stop_token& stop);

 private:
  class Right;

  // What was asked, and what the server said of it.
  using Answers = std::map<LeaseToken, std::optional<v1::LeaseResult>>;

  std::unique_ptr<ConsumeStream> open(const std::stop_token& stop);
  void read();
  void take_in(v1::ConsumeResponse&& response);
  // `gone` gets what is to be stopped because its item is lost.
  void note(v1::ConsumeResponse&& response, std::vector<std::stop_source>& gone);
  void answer(const v1::LeaseResult& result, std::vector<std::stop_source>& gone);
  void end();
  // False if the stream is over.
  bool write(const v1::ConsumeRequest& request);
  // Writes what says how the item ends, and waits for the answer.
  v1::LeaseResult tell(LeaseToken token, const v1::ConsumeRequest& request);
  // The item is nobody's concern here any more. `by_call`: the stream has not been told.
  void forget(LeaseToken token, bool by_call);
  void leave();

  const std::shared_ptr<Connection> connection_;
  const std::string queue_;
  std::stop_source abandon_;
  std::unique_ptr<ConsumeStream> stream_;

  std::mutex writing_;  // held while something is written, and before mutex_

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::deque<v1::LeasedItem> ahead_;
  std::map<LeaseToken, std::shared_ptr<Lease>> held_;
  Answers answers_;
  bool end_of_queue_ = false;
  bool over_ = false;
  std::exception_ptr error_;  // that it ended with

  std::thread reader_;  // last: it uses all of the above
};

}  // namespace sluice::internal
