// What a Producer is inside. Items gather while the message before is being written; acknowledgements come on a thread of their
// own; a third opens the stream again where it breaks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "client/src/connection.h"
#include "client/src/reconnection.h"
#include "sluice/producer.h"

namespace sluice::internal {

// Thread-safety as Producer's.
class ProducerEngine {
 public:
  ProducerEngine(std::shared_ptr<Connection> connection, std::string queue, ProducerOptions options);
  ~ProducerEngine();
  ProducerEngine(const ProducerEngine&) = delete;
  ProducerEngine& operator=(const ProducerEngine&) = delete;

  void put(v1::NewItem item);
  void finish();
  [[nodiscard]] std::uint64_t acknowledged() const;
  [[nodiscard]] std::uint64_t uncertain() const;
  // Requested when an error has ended it.
  [[nodiscard]] std::stop_token ended() const { return stop_.get_token(); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  // On its thread: stream after stream, until all is acknowledged or an error stays.
  void run();
  // One stream, until all is acknowledged; throws the error that ended it.
  void run_stream();
  // Writes what there is to write until nothing more comes, or the stream is over.
  void write_all(ProduceStream& stream);
  // Waits for what `ready` says, or for the end; throws the error if there is one.
  template <class Ready>
  void wait(Lock& lock, Ready ready);
  // The next message; none when there is nothing more to write.
  std::optional<v1::ProduceRequest> next_message(bool first);
  // On a thread of its own.
  void read_all(ProduceStream& stream);
  void note_acknowledged(std::uint64_t of_stream);
  // After a stop, or a stream that is given up: what became of the items that were not acknowledged.
  void settle();
  void note_settled(std::uint64_t more_acknowledged);
  void fail(std::exception_ptr error);

  const std::shared_ptr<Connection> connection_;
  const std::string queue_;
  const ProducerOptions options_;
  const std::string name_;
  std::stop_source stop_;
  Reconnection reconnection_;  // of run()'s thread

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by it.
  std::deque<v1::NewItem> items_;  // given and not acknowledged
  std::size_t bytes_ = 0;          // of them
  std::size_t written_ = 0;        // of them, on this stream
  std::uint64_t acknowledged_ = 0;
  std::uint64_t before_stream_ = 0;  // acknowledged when it began
  std::uint64_t most_written_ = 0;   // of all items, on any stream
  bool no_more_ = false;
  bool broken_ = false;    // the stream, as its reader found
  bool given_up_ = false;  // nobody asks any more
  bool settled_ = false;   // nothing is uncertain
  bool over_ = false;      // all is acknowledged, or an error has ended it
  std::exception_ptr error_;

  std::thread runs_;
  std::stop_callback<std::function<void()>> on_stop_;  // uses all of the above
};

}  // namespace sluice::internal
