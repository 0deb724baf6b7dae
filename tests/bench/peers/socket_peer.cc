#include "tests/bench/peers/socket_peer.h"

#include <charconv>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

namespace sluice::bench {
namespace {

// Runs each on a thread of its own; throws what the first that failed threw.
class Threads {
 public:
  template <class Work>
  void add(Work work) {
    threads_.emplace_back([this, work] {
      try {
        work();
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
    });
  }
  void join() {
    threads_.clear();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;
};

}  // namespace

void Backlog::wait_for_room(std::uint64_t put, std::uint64_t more) const {
  for (std::uint64_t ended = ended_; put + more - ended > kMostBacklog; ended = ended_) {
    if (failed_) throw std::runtime_error("the consumer has failed");
    ended_.wait(ended);
  }
}

void Backlog::ended(std::uint64_t jobs) {
  ended_ += jobs;
  ended_.notify_one();
}

void Backlog::failed() {
  failed_ = true;
  // One who waits looks again only when this has changed.
  ended(1);
}

void SocketPeer::stream(std::uint64_t jobs) {
  Backlog backlog;
  Threads threads;
  threads.add([&] { produce(jobs, backlog); });
  threads.add([&] {
    try {
      consume(jobs, backlog);
    } catch (...) {
      backlog.failed();
      throw;
    }
  });
  threads.join();
}

std::uint64_t SocketPeer::one_at_a_time(std::chrono::milliseconds time) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < kConnections; ++i) sessions.push_back(new_session(i));
  const auto end = std::chrono::steady_clock::now() + time;
  std::atomic<std::uint64_t> jobs = 0;
  Threads threads;
  for (auto& session : sessions) {
    threads.add([&jobs, &session, end] {
      std::uint64_t mine = 0;
      for (; std::chrono::steady_clock::now() < end; ++mine) session->next();
      jobs += mine;
    });
  }
  threads.join();
  return jobs;
}

std::string job(std::uint64_t number) { return fmt::format("{:0{}}", number, kJobBytes); }

void expect(std::string_view answer, std::string_view expected) {
  if (!answer.starts_with(expected)) {
    throw std::runtime_error(fmt::format("a peer answered \"{}\" instead of \"{}\"", answer, expected));
  }
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    throw std::runtime_error(fmt::format("a peer gave \"{}\" for a number", text));
  }
  return value;
}

}  // namespace sluice::bench
