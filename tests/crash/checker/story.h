// Made-up histories for the tests of the checker.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/crash/checker/checker.h"

namespace sluice::crash {

// Writes a history: each call is one operation, begun and ended, a millisecond after the one before. `open` leaves the last
// one without an answer; `begun_before` lets it begin earlier.
class Story {
 public:
  Story& put(std::vector<Piece> pieces) { return add({.kind = Kind::kPut, .queue = pieces.front().queue, .pieces = pieces}); }
  Story& get(const std::string& queue, Delivery delivery) {
    return add({.kind = Kind::kGet, .queue = queue, .deliveries = {std::move(delivery)}});
  }
  Story& complete(const std::string& queue, Delivery delivery, std::vector<Piece> outputs = {}) {
    return add({.kind = Kind::kComplete, .queue = queue, .pieces = std::move(outputs), .deliveries = {std::move(delivery)}});
  }
  Story& fail(const std::string& queue, Delivery delivery) {
    return add({.kind = Kind::kFail, .queue = queue, .deliveries = {std::move(delivery)}});
  }
  Story& close(const std::string& name) { return add({.kind = Kind::kClose, .queue = name}); }
  Story& join(const std::string& name) { return add({.kind = Kind::kJoin, .queue = name}); }
  Story& look(const std::string& queue, std::uint64_t depth, std::uint64_t unfinished) {
    return add({.kind = Kind::kLook, .queue = queue, .depth = depth, .unfinished = unfinished});
  }
  Story& release(const std::string& queue, Delivery delivery) {
    return add({.kind = Kind::kRelease, .queue = queue, .deliveries = {std::move(delivery)}});
  }
  Story& crash() { return add({.kind = Kind::kCrash}); }
  Story& restart() { return add({.kind = Kind::kRestart}); }
  Story& stored(std::vector<Piece> pieces) { return add({.kind = Kind::kStored, .pieces = std::move(pieces)}); }

  Story& unknown() {
    history_.back().outcome = Outcome::kUnknown;
    return *this;
  }
  Story& refused() {
    history_.back().outcome = Outcome::kRefused;
    return *this;
  }
  Story& streamed() {
    history_.back().streamed = true;
    return *this;
  }
  Story& owed() {
    history_.back().owed = true;
    return unknown().streamed();
  }
  Story& later(Micros time) {
    now_ += time;
    return *this;
  }
  // The last operation began before the one that is `count` before it.
  Story& begun_before(std::size_t count) {
    history_.back().begin = history_[history_.size() - 1 - count].begin - 1;
    return *this;
  }

  // As jobs that have the ids of the pieces' items.
  Story& submit(std::vector<Piece> pieces, std::uint64_t batch = 0, std::vector<Piece> callback = {}) {
    put(std::move(pieces));
    history_.back().submitted = true;
    history_.back().batch = batch;
    history_.back().callback = std::move(callback);
    return *this;
  }
  Story& cancel(const std::string& queue, const std::string& value, Found found, std::uint64_t item = 7) {
    return add({.kind = Kind::kCancel, .queue = queue, .deliveries = {{.value = value, .item = item}}, .found = found});
  }
  Story& outcome(std::uint64_t job, JobEnd end, std::vector<std::string> results = {}) {
    return add({.kind = Kind::kOutcome, .jobs = {{job, end, std::move(results)}}});
  }
  Story& audit(std::vector<JobTold> jobs, std::vector<BatchTold> batches = {}) {
    return add({.kind = Kind::kAudit, .jobs = std::move(jobs), .batches = std::move(batches)});
  }

  Story& count(Counted counted) { return add({.kind = Kind::kAudit, .counted = {std::move(counted)}}); }

  [[nodiscard]] Verdict check() const {
    const Plan plan = {.queues = {{"a", {.capacity = 2, .in_flight = 1, .lease = 100'000, .leads_to = {"a.dead"}}},
                                  {"b", {.lease = 100'000, .keeps_expired = true, .leads_to = {"b.dead"}}},
                                  {"k", {.lease = 100'000, .in_order = true}},
                                  {"s", {.leads_to = {"t", "s.dead"}}},
                                  {"t", {.leads_to = {"out"}}}},
                       .pipelines = {{"flow", {"s", "t"}}},
                       .job_queues = {"a", "s", "t"},
                       .result_queue = "out",
                       .limits = {{.name = "narrow", .at_once = 1, .queues = {"l", "m"}}}};
    return crash::check(history_, plan);
  }
  [[nodiscard]] std::vector<Wrong> wrongs() const {
    std::vector<Wrong> wrongs;
    for (const Finding& finding : check().findings) wrongs.push_back(finding.wrong);
    return wrongs;
  }

 private:
  Story& add(Operation operation) {
    operation.outcome = Outcome::kOk;
    operation.begin = position_ += 10;
    operation.end = position_ += 10;
    operation.began = now_ += 1'000;
    operation.ended = now_ += 1'000;
    history_.push_back(std::move(operation));
    return *this;
  }

  History history_;
  Position position_ = 0;
  Micros now_ = 0;
};

[[nodiscard]] inline Delivery first(const std::string& value, std::uint64_t token = 1) { return {value, 7, token, 1}; }
[[nodiscard]] inline Delivery second(const std::string& value, std::uint64_t token = 2) { return {value, 7, token, 2}; }

}  // namespace sluice::crash
