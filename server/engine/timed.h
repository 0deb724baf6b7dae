// Things that fall due: a lease that runs out, a delay that passes, a wait that is over.
#pragma once

#include <boost/intrusive/set.hpp>
#include <cstdint>

#include "server/base/clock.h"

namespace sluice::engine {

enum class TimedKind : std::uint8_t {
  kItem,
  kTransfer,
  kGet,
  kJoin,
  kRequests,
  kJob,
  kBatch,
  kAwait,
  kExpiry,
  kKeys,
  kLimit,
  kSchedule
};

struct TimerTag;

// Base of whatever can be in the timers. It is in them exactly while `due` matters.
struct Timed : boost::intrusive::set_base_hook<boost::intrusive::tag<TimerTag>, boost::intrusive::optimize_size<true>> {
  explicit Timed(TimedKind timed_kind) : kind(timed_kind) {}

  base::Time due = base::kNever;
  TimedKind kind;

  [[nodiscard]] bool is_timed() const { return is_linked(); }
};

struct EarlierDue {
  bool operator()(const Timed& a, const Timed& b) const { return a.due < b.due; }
};

// In order of due time; what is due at the same time keeps the order in which it came.
using TimedSet = boost::intrusive::multiset<Timed,
                                            boost::intrusive::base_hook<boost::intrusive::set_base_hook<
                                                boost::intrusive::tag<TimerTag>, boost::intrusive::optimize_size<true>>>,
                                            boost::intrusive::compare<EarlierDue>, boost::intrusive::constant_time_size<false>>;

// All that is pending in the engine. Owns nothing.
class Timers {
 public:
  ~Timers() { set_.clear(); }

  // Sets (or moves) when `timed` falls due; kNever takes it out.
  void set(Timed& timed, base::Time due) {
    cancel(timed);
    timed.due = due;
    if (due != base::kNever) set_.insert(timed);
  }
  void cancel(Timed& timed) {
    if (timed.is_timed()) set_.erase(set_.iterator_to(timed));
  }

  [[nodiscard]] base::Time next() const { return set_.empty() ? base::kNever : set_.begin()->due; }
  // Takes out and returns the first that is due by `now`; null if there is none.
  Timed* pop_due(base::Time now) {
    if (set_.empty() || set_.begin()->due > now) return nullptr;
    Timed& first = *set_.begin();
    set_.erase(set_.begin());
    return &first;
  }

 private:
  TimedSet set_;
};

}  // namespace sluice::engine
