// An engine and the reference side by side: every command goes to both, and everything that can be seen of the two must be
// the same afterwards.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "tests/engine/record_store.h"
#include "tests/sim/invariants.h"
#include "tests/sim/reference.h"

namespace sluice::sim {

// The engine did something that the reference says it must not.
class Mismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The settings in one line, for the log.
[[nodiscard]] std::string describe(const model::QueueSettings& settings);
// The same of what few items have; empty for the others.
[[nodiscard]] std::string describe(const NewRefItem& item);
// What the engine is given for it.
[[nodiscard]] model::NewItem item_of(const NewRefItem& item);

struct Output {
  std::string queue;
  NewRefItem item;
};

// What makes the test fail, for whoever tests the test.
struct Sabotage {
  // A promise that the reference gets wrong.
  Mistake mistake = Mistake::kNone;
  // Falsifies what the engine said.
  std::function<void(engine::Effects&)> falsify = nullptr;
};

class World {
 public:
  World(std::uint64_t seed, std::size_t max_waiters, Sabotage sabotage);

  // Commands. They throw Mismatch. Waiting ones return the number of the caller that they made.
  void create(const std::string& queue, const model::QueueSettingsPatch& patch);
  void update(const std::string& queue, const model::QueueSettingsPatch& patch);
  void remove(const std::string& queue, bool force);
  void close(const std::string& queue, bool immediate);
  void pause(const std::string& queue, bool paused);
  void purge(const std::string& queue);
  void put(const std::string& queue, const std::vector<NewRefItem>& items, Time give_up, const std::string& request_id,
           bool one_by_one = false);
  void get(const std::string& queue, std::uint32_t max_items, std::size_t max_bytes, Time give_up,
           std::optional<Duration> lease);
  void complete(const std::string& queue, std::uint64_t token, const std::vector<Output>& outputs, Time give_up,
                const std::string& request_id);
  void fail(const std::string& queue, std::uint64_t token, bool do_not_retry, std::optional<Duration> retry_delay,
            const std::string& request_id);
  void extend(const std::string& queue, std::uint64_t token, std::optional<Duration> duration);
  void release(const std::string& queue, std::uint64_t token);
  void finish(const std::string& queue, const std::vector<std::uint64_t>& tokens);
  void lose(const std::string& queue, const std::vector<std::uint64_t>& tokens);
  void cancel(const std::string& queue, const std::vector<std::string>& payloads, int unknown);
  void redrive(const std::string& queue, const std::optional<std::string>& to, const std::optional<std::string>& reason,
               const std::vector<std::string>& payloads, std::size_t limit);
  void join(const std::string& queue, std::optional<std::uint64_t> since);
  void withdraw(int caller);
  void create_schedule(const RefSchedule& schedule);
  void update_schedule(const RefSchedule& schedule);
  void delete_schedule(const std::string& name);
  void pause_schedule(const std::string& name, bool paused);

  // Time. pass() does everything at its moment; jump() lets it gather and does it in one run of the timer; oversleep() only
  // moves the clock.
  void pass(Duration time);
  void jump(Duration time);
  void oversleep(Duration time);

  // The server dies and comes back from its records.
  void restart();
  // Rebuilds a second engine from the records and compares it, without harm to the first.
  void check_recovery();

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] const Reference& reference() const { return reference_; }
  [[nodiscard]] int last_caller() const { return static_cast<int>(callers_.size()); }
  // How often callers were answered what, and commands had what result: by the words of Reply::outcome, and of results by
  // what stands before a colon.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& outcomes() const { return outcomes_; }
  // The last commands, the newest last.
  [[nodiscard]] const std::deque<std::string>& log() const { return log_; }

 private:
  // Only an address to the engine: the answers are read off the effects.
  class Address final : public engine::Caller {
   public:
    void answer(engine::Answer&&) override {}
  };

  // Applies one command to both. Each returns its result, which must be the same word.
  void both(std::string what, const std::function<std::string(engine::Effects&)>& by_engine,
            const std::function<std::string()>& by_reference);
  engine::Caller& new_caller();
  // Those of payloads that were admitted at some time; the others are left out.
  [[nodiscard]] std::vector<model::ItemId> ids_of(const std::vector<std::string>& payloads) const;
  // What is recorded of an unfinished item; null if there is none.
  [[nodiscard]] const model::ItemRecord* record_of(const std::string& payload) const;
  void absorb(engine::Effects& effects);
  void look_into_memory();
  // Of an item in a queue of MEMORY durability; null for others.
  [[nodiscard]] const engine::PeekedItem* unrecorded(const std::string& payload) const;
  void check_invariants(const engine::Effects& effects);
  void check_ids(int caller, const engine::PutAnswer& answer);
  void compare_replies(const engine::Effects& effects);
  [[nodiscard]] std::vector<Reply> replies_of(const engine::Effects& effects);
  bool is_later_progress(const Reply& reply);
  void run_due();
  void note(std::string what);

  Time now_;
  const Time begin_;
  engine::EngineOptions options_;
  std::unique_ptr<engine::Engine> engine_;
  Reference reference_;
  engine::testing::RecordStore store_;
  Choices choices_;
  std::unordered_map<std::string, model::ItemId> ids_;        // of every payload ever admitted
  std::unordered_map<std::uint64_t, model::BodyPtr> bodies_;  // of every item ever seen, by its id
  std::unordered_map<std::string, engine::PeekedItem> unrecorded_;
  std::unordered_map<int, std::deque<std::string>> untold_;      // puts: payloads that no answer has told of
  std::unordered_map<std::string, std::uint64_t> given_tokens_;  // by the present command
  std::unordered_map<int, std::uint64_t> ended_joins_;           // by the present command: their idle_count
  std::deque<Address> callers_;
  std::unordered_map<const engine::Caller*, int> numbers_;
  std::unordered_map<int, Time> told_;  // joins: when they were last told something
  Sabotage sabotage_;
  Invariants invariants_;
  std::map<std::string, std::uint64_t> outcomes_;
  std::deque<std::string> log_;
};

}  // namespace sluice::sim
