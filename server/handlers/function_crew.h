// The functions that one native handler has for its workers, where each worker has one of its own.
#pragma once

#include <cstddef>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "server/handlers/native.h"

namespace sluice::handlers {

// Thread-safe. A function is with one item at a time; which worker has which is left open, since all come from one factory.
// There are as many as workers, and one more for each item that was given up and whose function still runs.
class FunctionCrew {
 public:
  explicit FunctionCrew(NativeFactory factory) : factory_(std::move(factory)) {}

  // One more worker. Throws what the factory throws. Nothing is kept if it was given up meanwhile.
  void grow(const std::stop_token& given_up) {
    NativeFunction function = factory_();
    const std::lock_guard lock(mutex_);
    if (given_up.stop_requested()) return;
    ++workers_;
    free_.push_back(std::move(function));
  }
  // One worker less.
  void shrink() {
    std::vector<NativeFunction> surplus;  // ends without the lock
    const std::lock_guard lock(mutex_);
    --workers_;
    while (free_.size() > workers_) {
      surplus.push_back(std::move(free_.back()));
      free_.pop_back();
    }
  }

  // Has a function of the crew do it. One is made where none is free: a function whose item was given up may still run when its
  // worker has the next item.
  std::vector<Output> operator()(const Input& input) {
    const Loan loan(*this);
    return loan.function(input);
  }

 private:
  struct Loan {
    explicit Loan(FunctionCrew& from) : function(from.take()), crew(from) {}
    ~Loan() { crew.put_back(std::move(function)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    NativeFunction function;
    FunctionCrew& crew;
  };

  NativeFunction take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        NativeFunction function = std::move(free_.back());
        free_.pop_back();
        return function;
      }
    }
    return factory_();
  }

  void put_back(NativeFunction function) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < workers_) free_.push_back(std::move(function));
  }

  const NativeFactory factory_;
  std::mutex mutex_;
  std::size_t workers_ = 0;
  std::vector<NativeFunction> free_;  // never more than workers
};

}  // namespace sluice::handlers
