// What must hold of an engine whatever it is asked, checked without a second implementation: from its own counts, from who
// asked, and from who was answered. The reference would find more; this finds what both might get wrong together.
//
// never admitted over capacity; unfinished never negative; no lease token and no item id twice; a join neither early nor late;
// waiters first come, first served; no more handed out than asked for; one final answer for each question, and none after it
// was withdrawn; a put is told of each item once, and of all or none unless it goes one by one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/engine.h"

namespace sluice::sim {

class Invariants {
 public:
  enum class Kind { kPut, kGet, kComplete, kJoin };
  // Somebody asks, and has not been answered for good.
  struct Question {
    int caller = 0;
    Kind kind{};
    std::string queue;
    std::map<std::string, std::uint64_t> puts;  // how many items into which queue
    // It may be answered from memory, and stands where the first of its kind stands.
    bool repeatable = false;
    bool one_by_one = false;
    std::uint32_t max_items = 1;  // of a get
    std::size_t max_bytes = 0;
    std::optional<std::uint64_t> since = std::nullopt;  // of a join
    std::uint64_t told = 0;                             // of a put: items that it was answered of
  };
  using Answers = std::vector<std::pair<int, const engine::Answer*>>;

  // Before each command, if it is one of these.
  void ask(Question question) { open_.push_back(std::move(question)); }
  void release(const std::string& queue) { released_ = queue; }
  // All who waited are gone.
  void restart();

  void withdrawn(int caller);
  // After each command: what is there, and whom it answered. Throws Mismatch.
  void check(const std::vector<engine::QueueView>& views, const Answers& answers);

 private:
  void check_answer(int caller, const engine::Answer& answer);
  void check_line(const Question& served) const;
  void check_put(Question& put, const engine::PutAnswer& answer);
  static void check_size(const Question& get, const engine::GetAnswer& answer);
  void check_join(const Question& join, const engine::JoinAnswer& answer) const;
  void check_tokens(const engine::GetAnswer& answer);
  void check_counts(const engine::QueueView& view) const;
  void check_bound(const engine::QueueView& view) const;

  std::vector<Question> open_;  // in order of arrival
  std::map<std::string, engine::QueueView> before_;
  std::map<std::string, engine::QueueView> now_;
  std::map<std::string, std::uint64_t> admitted_;  // by answers of the present command
  std::string released_;
  std::uint64_t last_token_ = 0;
  std::uint64_t last_id_ = 0;  // that a put was told
};

}  // namespace sluice::sim
