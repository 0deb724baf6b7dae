#include "server/handlers/coprocess/hand.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::handlers {
namespace {

std::vector<JobPtr> moved_out(std::deque<JobPtr>& jobs) {
  std::vector<JobPtr> all(std::move_iterator(jobs.begin()), std::move_iterator(jobs.end()));
  jobs.clear();
  return all;
}

auto has_id(model::ItemId item) {
  return [item](const JobPtr& job) { return job->input.item == item; };
}

}  // namespace

Hand::Hand(std::size_t in_flight, std::size_t max_items, std::optional<base::Duration> timeout)
    : in_flight_(in_flight), max_items_(max_items), timeout_(timeout) {}

bool Hand::has_room() const { return open_ && size() < in_flight_; }

void Hand::give(JobPtr job) {
  unbegun_.push_back(std::move(job));
  if (++given_ == max_items_) open_ = false;
}

std::vector<JobPtr> Hand::stage(std::size_t bytes) {
  std::vector<JobPtr> staged;
  std::size_t sum = 0;
  for (const JobPtr& job : unbegun_) {
    if (sum >= bytes) break;
    job->staged = true;
    sum += job->input.payload().size() + 1;
    staged.push_back(job);
  }
  return staged;
}

void Hand::begin(std::size_t count, Job::Clock::time_point now) {
  for (; count > 0 && !unbegun_.empty(); --count) {
    if (timeout_) unbegun_.front()->deadline = now + *timeout_;
    begun_.push_back(std::move(unbegun_.front()));
    unbegun_.pop_front();
  }
}

JobPtr Hand::find(std::optional<model::ItemId> item) const {
  const auto found = item ? std::find_if(begun_.begin(), begun_.end(), has_id(*item)) : begun_.begin();
  return found == begun_.end() ? nullptr : *found;
}

JobPtr Hand::take(std::optional<model::ItemId> item) {
  const auto found = item ? std::find_if(begun_.begin(), begun_.end(), has_id(*item)) : begun_.begin();
  if (found == begun_.end()) return nullptr;
  JobPtr job = std::move(*found);
  begun_.erase(found);
  ++answered_;
  return job;
}

bool Hand::take_back(const Job& job) {
  return !job.staged && std::erase_if(unbegun_, [&job](const JobPtr& each) { return each.get() == &job; }) > 0;
}

std::vector<JobPtr> Hand::close() {
  open_ = false;
  const auto first = std::find_if(unbegun_.begin(), unbegun_.end(), [](const JobPtr& job) { return !job->staged; });
  std::vector<JobPtr> back(first, unbegun_.end());
  unbegun_.erase(first, unbegun_.end());
  return back;
}

std::vector<JobPtr> Hand::close_unread() {
  const bool is_idle = answered_ == 0 && begun_.empty();
  if (is_idle && !unbegun_.empty()) unbegun_.front()->staged = true;
  return close();
}

std::vector<JobPtr> Hand::take_begun() { return moved_out(begun_); }

std::vector<JobPtr> Hand::take_unbegun() { return moved_out(unbegun_); }

std::optional<Job::Clock::time_point> Hand::deadline() const {
  if (!timeout_ || begun_.empty()) return std::nullopt;
  return begun_.front()->deadline;
}

void Hand::mark_late(Job::Clock::time_point now) {
  for (const JobPtr& job : begun_) {
    if (job->deadline <= now) job->is_culprit = true;
  }
}

bool Hand::is_given_up() const {
  return std::all_of(begun_.begin(), begun_.end(), [](const JobPtr& job) { return job->given_up; }) &&
         std::all_of(unbegun_.begin(), unbegun_.end(), [](const JobPtr& job) { return job->given_up; });
}

}  // namespace sluice::handlers
