// What the client of a Consume or Work stream holds, and what it has told the server about it. Records all of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/crash/dice.h"
#include "tests/crash/holding_calls.h"
#include "tests/crash/recorder.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

// One thread's. The life of a stream: start(), hear() and due() in turn, perhaps give_back() or lose(), end(). There is one for
// each of the two calls.
template <class Call>
class HeldLeases {
 public:
  using Request = typename Call::Request;
  using Response = typename Call::Response;
  using Time = std::chrono::system_clock::time_point;

  // Both must outlive it.
  HeldLeases(Recorder& recorder, const Consumer& part) : recorder_(recorder), part_(part) {}

  // Before the call is made.
  void start();
  // Takes what came, and notes what ended.
  void hear(const Response& response, Dice& dice);
  // Nothing is held and nothing unanswered.
  [[nodiscard]] bool empty() const { return held_.empty() && told_.empty(); }
  // When due() will have something to say; far away if nothing is held.
  [[nodiscard]] Time next_due() const;
  // What is to be said now: how the items end that have been held for long enough.
  [[nodiscard]] Request due(Dice& dice);

  // The client is about to leave in order: what it holds, and what still comes, goes back.
  void give_back();
  // The client is about to half-close or vanish: the same, with the attempt counted, and what was told may not be heard.
  void lose();
  // The stream is over, `in_order` if it ended with OK.
  void end(bool in_order, const std::string& error);

 private:
  struct Lease {
    std::vector<Delivery> deliveries;
    Time due;
  };
  struct Told {
    Lease lease;
    Recorder::Id id = 0;
  };

  [[nodiscard]] Operation operation(Kind kind, const Lease& lease) const;
  void take(std::uint64_t token, Lease lease);
  void tell(std::uint64_t token, Lease lease, Request& request, Dice& dice);
  void fail(std::uint64_t token, Request& request, Dice& dice);
  void complete(std::uint64_t token, Operation& operation, Request& request, Dice& dice);
  void settle(std::uint64_t token, Outcome outcome, const std::string& error);

  Recorder& recorder_;
  const Consumer& part_;
  std::uint64_t outputs_ = 0;
  // Of the stream:
  Recorder::Moment begun_;
  std::map<std::uint64_t, Lease> held_;  // by token
  std::map<std::uint64_t, Told> told_;
  enum class Parting { kNotYet, kGivingBack, kLosing } parting_ = Parting::kNotYet;
  std::vector<Recorder::Id> given_back_;
};

extern template class HeldLeases<ConsumeKind>;
extern template class HeldLeases<WorkKind>;

}  // namespace sluice::crash
