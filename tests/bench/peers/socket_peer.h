// A peer that is spoken to over plain sockets, by blocking clients with a thread each. What is left to each is its protocol.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "tests/bench/peers/connection.h"
#include "tests/bench/peers/server_process.h"
#include "tests/bench/peers/system.h"

namespace sluice::bench {

// How far a producer is ahead of its consumer. Both threads use it.
class Backlog {
 public:
  // The producer, which has put so many: waits until there is room for `more`. Throws when the consumer has failed.
  void wait_for_room(std::uint64_t put, std::uint64_t more) const;
  // How many it may put without waiting.
  [[nodiscard]] std::uint64_t room(std::uint64_t put) const { return kMostBacklog - (put - ended_.load()); }
  // The consumer.
  void ended(std::uint64_t jobs);
  void failed();

 private:
  std::atomic<std::uint64_t> ended_ = 0;
  std::atomic<bool> failed_ = false;
};

// A client of one_at_a_time().
class Session {
 public:
  virtual ~Session() = default;
  // Puts a job, takes one and acknowledges it.
  virtual void next() = 0;
};

class SocketPeer : public System {
 public:
  SocketPeer(About about, const std::function<std::vector<std::string>(const ServerProcess::Place&)>& command)
      : about_(std::move(about)), server_(command) {}

  [[nodiscard]] const About& about() const final { return about_; }
  [[nodiscard]] pid_t pid() const final { return server_.pid(); }
  void stream(std::uint64_t jobs) final;
  std::uint64_t one_at_a_time(std::chrono::milliseconds time) final;

 protected:
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
  // Each on a thread and over a connection of its own.
  virtual void produce(std::uint64_t jobs, Backlog& backlog) = 0;
  virtual void consume(std::uint64_t jobs, Backlog& backlog) = 0;
  // `number` differs among those of one run.
  virtual std::unique_ptr<Session> new_session(int number) = 0;

  const About about_;
  ServerProcess server_;
};

// A producer's pipeline: `asks` requests of `unit` jobs each, of which `window` may be unanswered at a time and none exceeds
// the backlog. Calls ask(i), which says request i, and answer(), which reads one.
template <class Ask, class Answer>
void pipeline(std::uint64_t asks, std::uint64_t unit, std::uint64_t window, const Backlog& backlog, Ask ask, Answer answer) {
  std::uint64_t asked = 0;
  for (std::uint64_t answered = 0; answered < asks; ++answered) {
    while (asked < asks && asked - answered < window && backlog.room(asked * unit) >= unit) ask(asked++);
    if (asked == answered) {
      backlog.wait_for_room(asked * unit, unit);
      ask(asked++);
    }
    answer();
  }
}

// A payload that no other job has.
std::string job(std::uint64_t number);

// Throws std::runtime_error unless `answer` begins with `expected`.
void expect(std::string_view answer, std::string_view expected);
std::uint64_t number_in(std::string_view text);

}  // namespace sluice::bench
