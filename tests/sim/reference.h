// A second, deliberately simple implementation of what a queue promises: vectors and linear searches, no cleverness. The
// simulation applies the same commands to it and to the engine and compares every answer and everything that can be seen.
//
// Where the promise leaves the engine a choice (the jitter of a retry), the reference asks what was chosen and checks that
// it was allowed. All of it is a value: a copy is a snapshot.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/model/counters.h"
#include "server/model/queue_settings.h"
#include "server/model/schedule.h"
#include "server/model/states.h"

namespace sluice::sim {

using base::Duration;
using base::Time;

// What the engine chose or numbered, asked for by payload: payloads are unique in a simulation.
struct Choices {
  // When a delayed item of that payload becomes ready, by the engine's records.
  std::function<Time(const std::string&)> due;
  // The token under which the present command handed out the payload; 0 if it did not.
  std::function<std::uint64_t(const std::string&)> token;
  // The idle_count with which the present command ended the caller's join; nothing if it did not.
  std::function<std::optional<std::uint64_t>(int caller)> done;
  // By its number the engine loads a payload after a restart, and sets its alarms anew.
  std::function<std::uint64_t(const std::string&)> id;
  // How long the texts are that say why the payload's last attempt failed, by the engine's records.
  std::function<std::size_t(const std::string&)> failure_bytes;
};

// The exit code with which the holder of a token fails, in every simulation.
[[nodiscard]] inline std::int32_t exit_code_of(std::uint64_t token) { return static_cast<std::int32_t>(token % 5); }

// What a caller must be answered by a command.
struct Reply {
  int caller = 0;
  std::string outcome;                // "ok", "in part", "none", "end", "done", "progress" or an error's name
  std::vector<std::string> payloads;  // of a get
  std::vector<std::uint32_t> attempts;
  std::uint32_t count = 0;  // of a put
  std::string first;        // of a put: the payload of the first item
  std::uint64_t idle_count = 0;
};

struct NewRefItem {
  std::string payload;
  std::int64_t priority = 0;
  Duration delay{0};
  Time not_before{};
  Duration time_to_live{0};
  std::string dedup_key;
  Duration dedup_window{0};
  std::string unique_key;
  std::string order_key;

  [[nodiscard]] bool keyed() const { return !dedup_key.empty() || !unique_key.empty(); }
};

// Something that falls due: `order` breaks ties, the one that was set earlier goes first.
struct Alarm {
  Time due = base::kNever;
  std::uint64_t order = 0;
};

struct RefItem {
  std::string payload;
  std::int64_t priority = 0;
  std::int64_t place = 0;  // smaller is sooner
  model::ItemState state = model::ItemState::kWaiting;
  std::uint32_t attempt = 0;
  std::uint32_t lost = 0;  // of these attempts
  std::uint64_t token = 0;
  Alarm alarm;
  bool completing = false;  // a completion of it waits for room: its lease stands still
  Duration lease_left{0};
  std::string failure;
  // As they were put. Nothing of it is in force for a dead letter.
  Duration time_to_live{0};
  std::string unique_key;
  std::string order_key;
  std::string dead_from;
  Alarm over;  // the end of its time

  [[nodiscard]] bool is_over(Time now) const { return over.due <= now; }
};

struct RefRequest {
  Time expires{};
  std::string first;
  std::uint32_t count = 0;
  std::vector<std::string> payloads;  // of a put with keys: who is there, one by one
};

struct RefQueue {
  std::string name;
  model::QueueSettings settings;
  bool closed = false;
  bool paused = false;
  bool was_idle = true;
  bool empty_moment = false;        // empty since the last admission of the present command
  std::uint64_t empty_moments = 0;  // of the present command, that have passed
  std::uint64_t idle_count = 0;
  std::vector<RefItem> items;  // all unfinished
  model::QueueCounters counters;
  std::map<std::string, RefRequest> requests;
  std::map<std::string, std::pair<Time, std::string>> seen_keys;  // until when, and whose they were

  [[nodiscard]] std::size_t count(model::ItemState state) const;
  [[nodiscard]] bool has_room_for(std::size_t more) const;
  // May be handed out again after a failure, or after a loss, which its count has already.
  [[nodiscard]] bool allows_another(const RefItem& item) const;
  [[nodiscard]] bool allows_another_after_loss(const RefItem& item) const;
  // Before jitter.
  [[nodiscard]] Duration longest_backoff(std::uint32_t attempt) const;
  // Closed, and nothing can come any more.
  [[nodiscard]] bool ended() const;
  // Whether no other of its ordering key goes before this waiting item.
  [[nodiscard]] bool may_go(const RefItem& item) const;
  [[nodiscard]] bool sooner(const RefItem& a, const RefItem& b) const;
  // The waiting items: first those that may be handed out, then the others.
  [[nodiscard]] std::vector<const RefItem*> in_order() const;
  // The one that would be handed out; null if none may be.
  [[nodiscard]] RefItem* next_to_go();
  // Who is there in place of a new item; empty: nobody. `leaving`: the token of one that does not count.
  [[nodiscard]] std::string twin_of(const NewRefItem& item, Time now, std::uint64_t leaving = 0) const;
  RefItem* leased(std::uint64_t token);
};

struct WaitingCaller {
  int caller = 0;
  Alarm give_up;
};

// A put or a completion that waits for room.
struct RefTransfer {
  std::vector<WaitingCaller> callers;
  std::vector<std::pair<std::string, std::vector<NewRefItem>>> parts;  // each queue once
  std::string completes_queue;                                         // empty: a put
  std::uint64_t completes_token = 0;
  std::string request;  // key; empty: none
  // A put whose items go in each on its own; those that are in are no longer in its part.
  bool one_by_one = false;
  bool keyed = false;
  std::string schedule;  // whose ticks they are; empty: somebody's put. Nobody asks for ticks.

  [[nodiscard]] bool needs(const std::string& queue) const;
};

struct RefGet {
  WaitingCaller caller;
  std::string queue;
  std::uint32_t max_items = 1;
  std::size_t max_bytes = 0;
  std::optional<Duration> lease;
};

struct RefJoin {
  int caller = 0;
  std::string queue;
};

// Ticks every so often, or by the calendar.
struct RefSchedule {
  std::string name;
  std::string queue;
  Duration every{0};
  std::string cron = {};  // one of calendar_times(); empty: every so often
  std::string time_zone = {};
  std::uint32_t catch_up = 0;
  bool paused = false;
  Alarm next;
  std::vector<Time> waiting;  // for room
  model::ScheduleCounters counters;
  Time last_tick{};
};

// A promise that the reference misunderstands, to see that the simulation would notice an engine that does.
enum class Mistake {
  kNone,
  kAdmitsOneTooMany,
  kLetsPutsOvertake,
  kServesTheLatestGet,
  kForgetsRequests,
  kTakesOldTokens,
  kJoinIgnoresWhatIsHeld,
  kEndsBeforeTheLastReturn,
  kReleaseCountsAsAttempt,
  kLeaseRunsOutWhileCompleting,
  kKeepsWithdrawnPuts,
  kShrinkRefusesNobody,
  kRestartForgetsAttempts,
  kRestartForgetsDelays,
  kRestartKeepsWaiters,
  kPutsOneByOneAllOrNone,
  kGetsTooManyBytes,
  kFinishStopsAtALostLease,
  kLostItemsLieTurnedOver,
  kPutsTwins,
  kForgetsOrderKeys,
  kExpiresWhatIsHeld,
  kRestartForgetsKeys,
  kRedrivesIntoFullQueues,
  kCancelLeavesWhatIsHeld,
  kMakesUpForEveryTick,
  kTicksPileUp,
  kRestartForgetsTicks,
  kTicksTwiceWhereTheClockGoesBack,
  kNoTicksWhereTheClockGoesForward,
  kRestartKeepsWhatIsInMemory,
};

// The crons that the reference knows.
[[nodiscard]] const std::vector<std::string>& calendar_times();

class Reference {
 public:
  explicit Reference(std::size_t max_waiters, Mistake mistake = Mistake::kNone)
      : max_waiters_(max_waiters), mistake_(mistake) {}

  // Commands. Those with a result return "OK" or the error's name; the others reply.
  std::string create(const std::string& name, const model::QueueSettings& settings);
  std::string update(const std::string& name, const model::QueueSettingsPatch& patch);
  std::string remove(const std::string& name, bool force);
  std::string close(const std::string& name, bool immediate);
  std::string pause(const std::string& name, bool paused);
  std::string purge(const std::string& name);
  void put(int caller, const std::string& queue, const std::vector<NewRefItem>& items, Time give_up,
           const std::string& request_id, bool one_by_one);
  void get(int caller, const std::string& queue, std::uint32_t max_items, std::size_t max_bytes, Time give_up,
           std::optional<Duration> lease);
  void complete(int caller, const std::string& queue, std::uint64_t token,
                const std::vector<std::pair<std::string, NewRefItem>>& outputs, Time give_up, const std::string& request_id);
  std::string fail(const std::string& queue, std::uint64_t token, bool do_not_retry, std::optional<Duration> retry_delay,
                   const std::string& reason, const std::string& request_id);
  std::string extend(const std::string& queue, std::uint64_t token, std::optional<Duration> duration);
  std::string release(const std::string& queue, std::uint64_t token);
  // "cancelled:" and a word for each. `unknown`: ids that nobody ever had, besides.
  std::string cancel(const std::string& queue, const std::vector<std::string>& payloads, int unknown);
  // "redriven:" and how many each.
  std::string redrive(const std::string& queue, const std::optional<std::string>& to, const std::optional<std::string>& reason,
                      const std::vector<std::string>& payloads, std::size_t limit);
  // "finished:" and a word for each token.
  std::string finish_many(const std::string& queue, const std::vector<std::uint64_t>& tokens);
  std::string lose(const std::string& queue, const std::vector<std::uint64_t>& tokens);
  void join(int caller, const std::string& queue, std::optional<std::uint64_t> since);
  bool withdraw(int caller);
  std::string create_schedule(const RefSchedule& schedule);
  std::string update_schedule(const RefSchedule& schedule);
  std::string delete_schedule(const std::string& name);
  std::string pause_schedule(const std::string& name, bool paused);
  void run_due();
  [[nodiscard]] Time next_due() const;
  // The server dies: who waits is gone, leases are lost. Then it comes back.
  void restart();

  // Before each command.
  void begin(Time now, const Choices* choices);
  // After it: `idle_count` tells the engine's count of a queue, which counts empty moments or not.
  void finish(const std::function<std::uint64_t(const std::string&)>& idle_count);
  // What the command must have answered, and what the engine chose although it may not.
  [[nodiscard]] const std::vector<Reply>& replies() const { return replies_; }
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

  // State, to look at.
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::map<std::string, RefQueue>& queues() { return queues_; }
  [[nodiscard]] const std::map<std::string, RefQueue>& queues() const { return queues_; }
  [[nodiscard]] const std::vector<RefTransfer>& line() const { return line_; }
  [[nodiscard]] const std::vector<RefGet>& gets() const { return gets_; }
  [[nodiscard]] const std::vector<RefJoin>& joins() const { return joins_; }
  [[nodiscard]] std::size_t waiters() const;
  [[nodiscard]] const std::map<std::string, RefSchedule>& schedules() const { return schedules_; }

 private:
  [[nodiscard]] bool makes(Mistake mistake) const { return mistake == mistake_; }
  RefQueue* find(const std::string& name);
  [[nodiscard]] bool has_room(const RefQueue& queue, std::size_t more) const;
  [[nodiscard]] bool has_ended(const RefQueue& queue) const;
  // How many must fit at once.
  [[nodiscard]] std::size_t items_for(const RefTransfer& transfer, const std::string& queue) const;
  [[nodiscard]] std::string twin_of(const RefQueue& queue, const NewRefItem& item, std::uint64_t leaving = 0) const;
  Alarm alarm(Time due) { return {due, ++last_order_}; }
  void reply(int caller, std::string outcome) { replies_.push_back({.caller = caller, .outcome = std::move(outcome)}); }

  // Waiting for room.
  void transfer(int caller, RefTransfer transfer, Time give_up);
  std::string obstacle(const RefTransfer& transfer);
  RefQueue* blocking(const RefTransfer& transfer, std::size_t ahead);
  RefQueue* held_up(const RefTransfer& transfer, std::size_t ahead);
  RefQueue& still_full(const RefTransfer& waiting);
  void carry_out(const RefTransfer& transfer);
  // As far as there is room; true if nothing is left.
  bool carry_out_in_part(RefTransfer& transfer);
  void refuse(std::size_t index, const std::string& outcome);
  void stop_holding(const RefTransfer& transfer);
  void end_line_of(const std::string& queue, const std::string& outcome);
  void refuse_too_large(const RefQueue& queue);
  RefTransfer* waiting_request(const std::string& queue, const std::string& key);
  // Answers a repeated request; false if it is none.
  bool repeats(RefQueue& queue, const std::string& key, int caller, Time give_up, bool put);

  // Schedules.
  [[nodiscard]] Time tick_after(const RefSchedule& schedule, Time time) const;
  void fall_due(RefSchedule& schedule);
  void put_ticks(RefSchedule& schedule);
  void note_put(RefSchedule& schedule, std::uint32_t count);
  void note_refused(RefSchedule& schedule);
  void leave_line(const RefSchedule& schedule);
  void restart_schedules();
  void forget_memory(RefQueue& queue);

  // Items.
  // Puts it, or finds its twin; returns the payload of the one that is there then.
  std::string admit_or_find(RefQueue& queue, const NewRefItem& item);
  RefItem& admit(RefQueue& queue, const NewRefItem& item, const std::string& dead_from = {});
  // A new life in another queue.
  RefItem& move(RefQueue& from, const RefItem& item, RefQueue& to, const std::string& dead_from);
  RefQueue* dead_letter_queue_of(const RefQueue& queue);
  void expire(RefQueue& queue, const RefItem& item);
  std::string redrive_one(RefQueue& queue, const RefItem& item, const std::optional<std::string>& to);
  void deliver(RefQueue& queue, const RefGet& get);
  void put_back(RefQueue& queue, RefItem& item);
  void lose_lease(RefQueue& queue, std::uint64_t token, const std::string& reason);
  // Several at once; tokens that are nobody's are passed over.
  void lose_leases(RefQueue& queue, const std::vector<std::uint64_t>& tokens, const std::string& reason);
  void retry_or_bury(RefQueue& queue, RefItem& item, bool retry, std::optional<Duration> delay, double jitter);
  void bury(RefQueue& queue, const RefItem& item);
  void erase(RefQueue& queue, const std::string& payload);
  std::uint64_t discard_depth(RefQueue& queue);
  std::int64_t fresh_place(const RefQueue& queue);

  // After a restart: alarms that are due at the same time go in the order of their items.
  void set_alarms_anew();

  // After each change: joins, then the lines of puts and gets, until nothing moves.
  void settle();
  void note_idle(RefQueue& queue);
  void note_empty_moments();
  bool admit_waiting();
  bool serve_waiting(RefQueue& queue);

  // Does what `found` found to be due first; false if nothing is due.
  bool do_first_due();

  std::size_t max_waiters_;
  Mistake mistake_;
  Time now_{};
  const Choices* choices_ = nullptr;
  std::vector<Reply> replies_;
  std::vector<std::string> complaints_;
  std::map<std::string, RefQueue> queues_;
  std::vector<RefTransfer> line_;  // all lines in one, in order of arrival
  std::vector<RefGet> gets_;
  std::vector<RefJoin> joins_;
  std::map<std::string, RefSchedule> schedules_;
  std::int64_t last_place_ = 0;
  std::uint64_t last_order_ = 0;
};

}  // namespace sluice::sim
