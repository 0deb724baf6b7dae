#include "tests/crash/held_leases.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tests/crash/payload.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

// Something that waits for what only others can change is tried again after this.
constexpr auto kAgain = 5ms;

}  // namespace

template <class Call>
void HeldLeases<Call>::start() {
  begun_ = recorder_.moment();
  held_.clear();
  told_.clear();
  given_back_.clear();
  parting_ = Parting::kNotYet;
}

template <class Call>
Operation HeldLeases<Call>::operation(Kind kind, const Lease& lease) const {
  return {.kind = kind, .actor = part_.name, .queue = part_.queue, .deliveries = lease.deliveries, .streamed = true};
}

template <class Call>
void HeldLeases<Call>::hear(const Response& response, Dice& dice) {
  Operation get{.kind = Kind::kGet, .actor = part_.name, .queue = part_.queue, .streamed = true};
  std::vector<std::pair<std::uint64_t, Lease>> taken;
  for (const auto& item : response.items()) {
    Lease lease{.due = system_clock::now()};
    if (part_.slow) lease.due += std::chrono::milliseconds(dice.roll(0, 4));
    // Longer than a lease would last, were it not a stream's.
    if (part_.troubled && dice.percent(1)) lease.due += kLease * dice.roll(0, 15) / 10;
    for (const std::string& value : values_in(item.payload())) {
      lease.deliveries.push_back({value, item.item_id(), item.lease_token(), item.attempt()});
    }
    std::ranges::copy(lease.deliveries, std::back_inserter(get.deliveries));
    taken.emplace_back(item.lease_token(), std::move(lease));
  }
  // What comes when the client is about to go has perhaps been taken back already: it is never held.
  const bool is_held = parting_ == Parting::kNotYet;
  if (is_held && !taken.empty()) recorder_.note_since(begun_, get);
  for (auto& [token, lease] : taken) take(token, std::move(lease));
  if (!is_held && !taken.empty()) recorder_.note_since(begun_, std::move(get));
  for (const auto token : response.ended()) settle(token, Outcome::kOk, "");
  for (const auto& refused : response.refused()) settle(refused.lease_token(), Outcome::kRefused, refused.error_reason());
}

template <class Call>
void HeldLeases<Call>::take(std::uint64_t token, Lease lease) {
  switch (parting_) {
    case Parting::kNotYet:
      held_.emplace(token, std::move(lease));
      return;
    case Parting::kGivingBack:
      given_back_.push_back(recorder_.begin(operation(Kind::kRelease, lease)));
      return;
    case Parting::kLosing:
      recorder_.begin(operation(Kind::kFail, lease));
      return;
  }
}

template <class Call>
void HeldLeases<Call>::settle(std::uint64_t token, Outcome outcome, const std::string& error) {
  const auto told = told_.find(token);
  if (told == told_.end()) return;
  recorder_.end(told->second.id, outcome, error);
  Lease lease = std::move(told->second.lease);
  told_.erase(told);
  if (outcome == Outcome::kOk || !Call::is_held_after(error)) return;
  lease.due = system_clock::now() + kAgain;
  take(token, std::move(lease));
}

template <class Call>
auto HeldLeases<Call>::next_due() const -> Time {
  Time next = Time::max();
  for (const auto& [token, lease] : held_) next = std::min(next, lease.due);
  return next;
}

template <class Call>
auto HeldLeases<Call>::due(Dice& dice) -> Request {
  Request request;
  const Time now = system_clock::now();
  for (auto each = held_.begin(); each != held_.end();) {
    if (each->second.due > now) {
      ++each;
      continue;
    }
    tell(each->first, std::move(each->second), request, dice);
    each = held_.erase(each);
  }
  return request;
}

template <class Call>
void HeldLeases<Call>::tell(std::uint64_t token, Lease lease, Request& request, Dice& dice) {
  const bool fails = part_.troubled && dice.percent(6);
  const bool releases = !fails && part_.troubled && dice.percent(5);
  Operation told = operation(fails ? Kind::kFail : releases ? Kind::kRelease : Kind::kComplete, lease);
  if (fails) {
    fail(token, request, dice);
  } else if (releases) {
    request.add_released(token);
  } else {
    complete(token, told, request, dice);
  }
  told_.emplace(token, Told{.lease = std::move(lease), .id = recorder_.begin(std::move(told))});
}

template <class Call>
void HeldLeases<Call>::fail(std::uint64_t token, Request& request, Dice& dice) {
  auto& failure = *request.add_failures();
  failure.set_lease_token(token);
  failure.mutable_failure()->set_message("by chance");
  failure.set_do_not_retry(dice.percent(10));
  failure.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(dice.roll(0, 20)) * 1'000'000);
}

template <class Call>
void HeldLeases<Call>::complete(std::uint64_t token, Operation& operation, Request& request, Dice& dice) {
  std::vector<std::string> payloads;
  const std::uint32_t count = part_.output.empty() ? 0 : dice.roll(1, 2);
  for (std::uint32_t i = 0; i < count; ++i) {
    // Named after the delivery and the try: only one can be the one that took effect.
    const std::string value = fmt::format("{}+{}.{}", operation.deliveries.front().value, token, ++outputs_);
    operation.pieces.push_back({part_.output, value});
    payloads.push_back(payload_of({value}, dice.roll(0, 20)));
  }
  Call::add_done(token, payloads, part_, dice, request);
}

template <class Call>
void HeldLeases<Call>::give_back() {
  parting_ = Parting::kGivingBack;
  for (auto& [token, lease] : std::exchange(held_, {})) take(token, std::move(lease));
}

template <class Call>
void HeldLeases<Call>::lose() {
  parting_ = Parting::kLosing;
  for (auto& [token, lease] : std::exchange(held_, {})) take(token, std::move(lease));
  for (const auto& [token, told] : told_) recorder_.begin(operation(Kind::kFail, told.lease));
}

template <class Call>
void HeldLeases<Call>::end(bool in_order, const std::string& error) {
  for (const auto& [token, told] : std::exchange(told_, {})) {
    if (in_order) {
      recorder_.end_owed(told.id);
    } else {
      recorder_.end(told.id, Outcome::kUnknown, error);
    }
  }
  for (const auto id : std::exchange(given_back_, {})) recorder_.end(id, in_order ? Outcome::kOk : Outcome::kUnknown, error);
}

template class HeldLeases<ConsumeKind>;
template class HeldLeases<WorkKind>;

}  // namespace sluice::crash
