#include "server/handlers/thread_pool.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace sluice::handlers {
namespace {

constexpr auto kEndTimeout = std::chrono::seconds(1);

}  // namespace

// Owned by the pool and by each of its threads, so that a thread may outlive the pool.
struct ThreadPool::State {
  explicit State(std::size_t max) : max_threads(max) {}

  const std::size_t max_threads;
  std::mutex mutex;
  std::condition_variable work_or_end;
  std::condition_variable thread_ended;
  std::deque<std::function<void()>> work;
  std::size_t threads = 0;
  std::size_t free_threads = 0;
  bool ended = false;
};

ThreadPool::ThreadPool(std::size_t max_threads) : state_(std::make_shared<State>(max_threads)) {}

ThreadPool::~ThreadPool() {
  std::deque<std::function<void()>> dropped;
  std::unique_lock lock(state_->mutex);
  state_->ended = true;
  dropped.swap(state_->work);
  state_->work_or_end.notify_all();
  state_->thread_ended.wait_for(lock, kEndTimeout, [this] { return state_->threads == 0; });
}

void ThreadPool::run(std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  state_->work.push_back(std::move(work));
  if (state_->work.size() > state_->free_threads && state_->threads < state_->max_threads) {
    try {
      std::thread([state = state_] { serve(state); }).detach();
      ++state_->threads;
      ++state_->free_threads;
    } catch (const std::system_error&) {
      if (state_->threads > 0) return state_->work_or_end.notify_one();
      state_->work.pop_back();
      throw;
    }
  }
  state_->work_or_end.notify_one();
}

void ThreadPool::serve(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->work_or_end.wait(lock, [&] { return state->ended || !state->work.empty(); });
    if (state->ended) break;
    {
      const auto work = std::move(state->work.front());
      state->work.pop_front();
      --state->free_threads;
      lock.unlock();
      work();
    }
    lock.lock();
    ++state->free_threads;
  }
  --state->threads;
  state->thread_ended.notify_all();
}

}  // namespace sluice::handlers
