#include "tests/sim/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

std::uint64_t depth(const engine::QueueView& view) { return view.waiting + view.delayed; }

bool succeeded(const engine::Answer& answer) {
  return std::visit([](const auto& each) { return each.status.ok(); }, answer);
}

}  // namespace

void Invariants::restart() {
  open_.clear();
  before_.clear();
}

void Invariants::withdrawn(int caller) {
  std::erase_if(open_, [caller](const Question& question) { return question.caller == caller; });
}

void Invariants::check(const std::vector<engine::QueueView>& views, const Answers& answers) {
  now_.clear();
  for (const engine::QueueView& view : views) now_.emplace(view.name, view);
  admitted_.clear();
  for (const auto& [caller, answer] : answers) check_answer(caller, *answer);
  for (const auto& [name, view] : now_) {
    check_counts(view);
    check_bound(view);
  }
  before_.swap(now_);
  released_.clear();
}

void Invariants::check_answer(int caller, const engine::Answer& answer) {
  const auto asked = std::ranges::find(open_, caller, &Question::caller);
  if (asked == open_.end()) throw Mismatch(fmt::format("caller {} is answered after the end of its question", caller));
  if (const auto* got = std::get_if<engine::GetAnswer>(&answer)) {
    check_tokens(*got);
    check_size(*asked, *got);
    if (!got->items.empty()) check_line(*asked);
  } else if (const auto* joined = std::get_if<engine::JoinAnswer>(&answer)) {
    if (joined->status.ok() && joined->done) check_join(*asked, *joined);
  } else if (const auto* put = std::get_if<engine::PutAnswer>(&answer)) {
    if (put->status.ok() && !asked->repeatable) check_put(*asked, *put);
  } else if (succeeded(answer) && !asked->repeatable) {
    for (const auto& [queue, count] : asked->puts) admitted_[queue] += count;
  }
  if (engine::is_final(answer)) open_.erase(asked);
}

void Invariants::check_put(Question& put, const engine::PutAnswer& answer) {
  // Items that are there already need no room, so they wait behind nobody.
  if (answer.ids.empty()) check_line(put);
  put.told += answer.count;
  admitted_[put.queue] += answer.count;
  const std::uint64_t all = put.puts.at(put.queue);
  const bool whole = put.told == all;
  if (answer.count == 0 || put.told > all || whole == answer.more || (answer.more && !put.one_by_one)) {
    throw Mismatch(fmt::format("caller {} is told of {} items of {}, and that there are {}", put.caller, put.told, all,
                               answer.more ? "more" : "no more"));
  }
  // Of those with keys some may have been there before.
  if (!answer.ids.empty()) return;
  if (number(answer.first) <= last_id_) throw Mismatch("an item id was given before");
  last_id_ = number(answer.first) + answer.count - 1;
}

void Invariants::check_size(const Question& get, const engine::GetAnswer& answer) {
  std::size_t bytes = 0;
  for (const model::Delivery& item : answer.items) bytes += item.body->bytes();
  if (answer.items.size() > get.max_items || (answer.items.size() > 1 && bytes > get.max_bytes)) {
    throw Mismatch(
        fmt::format("caller {} gets {} items of {} bytes, more than it asked for", get.caller, answer.items.size(), bytes));
  }
}

// Nobody who asks the same of the same queue for longer still waits. (A completion may wait for another queue.)
void Invariants::check_line(const Question& served) const {
  for (const Question& other : open_) {
    if (other.caller == served.caller) return;
    if (other.kind == served.kind && other.queue == served.queue && !other.repeatable) {
      throw Mismatch(fmt::format("caller {} of queue {} overtakes {}", served.caller, served.queue, other.caller));
    }
  }
}

void Invariants::check_join(const Question& join, const engine::JoinAnswer& answer) const {
  const auto view = now_.find(join.queue);
  if (view == now_.end() || view->second.unfinished() == 0) return;
  const auto earlier = before_.find(join.queue);
  const bool was_idle = earlier == before_.end() || view->second.idle_count > earlier->second.idle_count;
  const bool missed = join.since && answer.idle_count > *join.since;
  if (!was_idle && !missed) throw Mismatch(fmt::format("join {} of queue {} returns early", join.caller, join.queue));
}

void Invariants::check_tokens(const engine::GetAnswer& answer) {
  for (const model::Delivery& item : answer.items) {
    if (number(item.lease) <= last_token_) throw Mismatch("a lease token was given before");
    last_token_ = number(item.lease);
  }
}

void Invariants::check_counts(const engine::QueueView& view) const {
  const auto& counters = view.counters;
  const std::uint64_t ended = counters.ended();
  if (counters.put < ended) throw Mismatch(fmt::format("queue {}: more items ended than were put", view.name));
  if (counters.put - ended != view.unfinished()) {
    throw Mismatch(
        fmt::format("queue {}: {} put, {} ended, but {} unfinished", view.name, counters.put, ended, view.unfinished()));
  }
  if (view.unfinished() == 0 && view.waiting_joins > 0) {
    throw Mismatch(fmt::format("queue {}: nothing is unfinished, and a join waits", view.name));
  }
}

// Deeper than allowed only by what came back, what died elsewhere, or what was there before.
void Invariants::check_bound(const engine::QueueView& view) const {
  const auto earlier = before_.find(view.name);
  if (view.settings.capacity == 0 || earlier == before_.end()) return;
  const auto& counters = earlier->second.counters;
  if (view.counters.put < counters.put) return;  // deleted and created again
  const auto known = admitted_.find(view.name);
  const std::uint64_t put = view.counters.put - counters.put;
  const std::uint64_t other_puts = put - std::min(put, known == admitted_.end() ? 0 : known->second);
  const std::uint64_t came_back = view.counters.retried - counters.retried + (released_ == view.name ? 1 : 0);
  if (depth(view) > std::max<std::uint64_t>(view.settings.capacity, depth(earlier->second)) + came_back + other_puts) {
    throw Mismatch(fmt::format("queue {}: {} wait, {} are allowed", view.name, depth(view), view.settings.capacity));
  }
}

}  // namespace sluice::sim
