// Random pipelines with workers of both kinds, producers and consumers played by the simulation. Simpler than the reference: it
// follows every item by its payload and checks what must hold whatever the order of events: every item is in exactly one queue,
// and appears and goes only with an answer that says so; counters agree with the answers; a stage is finished exactly when its
// input is closed and drained and its last worker in the server has stopped, and only then do remote workers hear of the end,
// who get nothing of a paused stage; no worker gets anything before as many as its stage starts with are ready; no limit is
// exceeded, and nobody waits for one that has room; a queue that stages feed is closed exactly when the last of them is
// finished; a join ends exactly when there is nothing left to wait for; nothing waits beyond its time to live, and nothing ends
// for that before.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/engine/engine.h"
#include "tests/engine/record_store.h"
#include "tests/sim/random.h"

namespace sluice::sim {

// What the simulation may get wrong, to see that it is found out.
enum class FlowMistake {
  kNone,
  kLimitsHoldOneLess,
  kRatesAreHalf,
  kStartsNeedOneMore,
  kRemoteWorkersHoldNothing,
  kCancelledJobsFail,
  kExpiredJobsFail,
  kPurgedJobsFail,
  kRedrivenItemsAreOfTheirJobs,
  kItemsLiveLonger,
  kBatchesEndWithTheirFirstJob,
};

// What makes the test fail, for whoever tests the test.
struct FlowSabotage {
  FlowMistake mistake = FlowMistake::kNone;
  // Falsifies what the engine said.
  std::function<void(engine::Effects&)> falsify = nullptr;
};

class Flow {
 public:
  explicit Flow(std::uint64_t seed, FlowSabotage sabotage = {});

  // One thing that happens, while the pipeline is open. Throws Mismatch.
  void step();
  // Closes the pipeline and plays on until everything is wound down. Throws Mismatch, also when that does not come to an end.
  void wind_down();

  [[nodiscard]] const std::deque<std::string>& log() const { return log_; }
  // Stages, queues and actors as they stand, for people.
  [[nodiscard]] std::string picture() const;
  [[nodiscard]] const std::map<std::string, std::uint64_t>& outcomes() const { return outcomes_; }

 private:
  // What must become of a submitted job.
  struct RefJob {
    std::set<std::string> items;  // that have not ended
    std::vector<std::string> results;
    model::JobState verdict = model::JobState::kSucceeded;
  };
  struct RefBatch {
    std::set<std::uint64_t> jobs;
    bool sealed = false;
    base::Time add_time{};
    base::Duration patience{0};
    std::string callback;  // its payload
    bool called_back = false;
  };

  // Somebody who puts, works, consumes or joins. The engine only knows the address.
  struct Actor final : engine::Caller {
    enum class Doing { kNothing, kPutting, kGetting, kHolding, kCompleting, kJoining, kAwaiting };

    void answer(engine::Answer&&) override {}

    std::string stage;   // of a worker
    std::string queue;   // put into, taken from
    bool ended = false;  // was told the end of its queue
    Doing doing = Doing::kNothing;
    model::WorkerId remote{};  // of a worker that is attached to its stage
    model::Delivery item;
    std::shared_ptr<const engine::Submission> submission;  // of the present put
    // Of one who awaits jobs.
    std::vector<std::uint64_t> awaited;
    std::vector<std::uint64_t> told;
    bool in_order = false;
    std::vector<std::pair<std::string, std::string>> moving;  // payload, queue: on their way with the present command
  };

  void build();
  void apply(std::string what, const std::function<void(engine::Effects&)>& command);
  void take_answer(Actor& actor, const engine::Answer& answer);
  void take_item(Actor& actor, const engine::GetAnswer& answer);
  void obey(const engine::StageChange& change);
  void hire_and_fire();

  void act(Actor& actor);
  void produce();
  void take(Actor& actor);
  void end_item(Actor& actor);
  void complete(Actor& actor);
  void give_up(Actor& actor);
  void control_a_stage();
  void join();
  void pass_time();
  void restart();
  void retire(Actor& actor);
  void come_or_go();
  void attach();
  void vanish(Actor& actor);
  void lose(Actor& actor);

  void submit(Actor& actor, engine::PutCommand& command);
  void note_submitted(const Actor& actor, std::uint64_t id);
  void note_completed(const std::string& payload, const std::vector<std::pair<std::string, std::string>>& outputs);
  void note_ended(const std::string& payload, model::JobState verdict);
  void do_with_jobs();
  void await();
  void seal_one();
  void forget_one();
  void take_news(Actor& actor, const engine::AwaitAnswer& answer);

  // flow_ends.cc: ends that come from outside or with time.
  void end_some();
  void cancel_some();
  void purge_some();
  void redrive_some();
  void note_gone(const std::string& payload, model::JobState verdict);
  void note_alive(const std::string& payload, const std::string& queue);
  void find_buried();
  void find_expired();
  // kNever if it may live as long as it likes.
  [[nodiscard]] base::Time end_of(const std::string& payload) const;
  // What the simulation takes it for.
  [[nodiscard]] model::JobState verdict(FlowMistake mistake, model::JobState right) const {
    return makes(mistake) ? model::JobState::kFailed : right;
  }
  [[nodiscard]] bool makes(FlowMistake mistake) const { return sabotage_.mistake == mistake; }

  void check();
  void check_jobs();
  void check_job(std::uint64_t id, const RefJob& job);
  void check_batch(std::uint64_t id, RefBatch& batch);
  void check_awaiters();
  [[nodiscard]] bool takes_results(const std::string& queue) const;
  void check_items();
  void check_counters(const engine::QueueView& view);
  void check_stages(const engine::PipelineView& view);
  void check_joins(const engine::PipelineView& view);
  void check_remote_workers(const engine::PipelineView& view);
  // flow_gate.cc: limits and start barriers.
  void build_limits();
  void change_a_limit();
  void change_a_rate(const std::string& limit);
  void note_hand_out(const Actor& actor);
  void check_gates(const engine::PipelineView& view);
  void check_use(const engine::LimitView& limit);
  void check_turns(const std::vector<engine::LimitView>& limits);
  [[nodiscard]] const model::StageSpec* stage_spec(const std::string& name) const;
  [[nodiscard]] std::size_t waiting_at(const std::string& stage) const;
  [[nodiscard]] bool all_entries_closed(const engine::PipelineView& view) const;
  [[nodiscard]] bool nothing_to_wait_for(const engine::PipelineView& view) const;
  [[nodiscard]] bool is_read(const std::string& queue) const;
  [[nodiscard]] std::vector<const model::StageSpec*> feeders(const std::string& queue) const;

  FlowSabotage sabotage_;
  Random random_;
  base::Time now_{std::chrono::seconds{1'000'000}};
  engine::EngineOptions options_;
  std::unique_ptr<engine::Engine> engine_;
  engine::testing::RecordStore store_;
  model::PipelineSpec spec_;
  std::vector<std::string> entries_;
  std::list<Actor> actors_;                      // addresses stay
  std::map<std::string, std::uint32_t> wanted_;  // workers of a stage, as the engine asked last
  std::set<std::string> hiring_;                 // stages whose workers have not been told the end
  std::map<std::string, std::string> alive_;     // payload -> the queue it was put into
  std::map<std::string, base::Time> born_;       // of those: when they came there
  std::map<std::string, std::uint64_t> puts_;    // answered, of each queue
  std::map<std::string, std::uint64_t> dones_;
  std::map<std::uint64_t, RefJob> jobs_;
  std::map<std::uint64_t, RefBatch> batches_;
  std::map<std::string, std::uint64_t> job_of_;        // of the items that are alive and of a job
  std::map<model::LeaseId, std::string> uses_;         // of stages' workers: what counts in the limits, and the stage
  std::map<std::string, std::uint32_t> used_;          // of each limit, after the last command
  std::map<std::string, model::LimitSpec> limits_;     // as they were set
  std::map<std::string, double> tokens_;               // of each limit with a rate
  std::map<std::string, base::Time> counted_;          // when they were counted last
  std::set<std::string> started_;                      // stages that have passed their barrier
  std::map<std::string, std::size_t> ready_at_begin_;  // workers that waited at a stage when the present command began
  std::uint64_t last_payload_ = 0;
  std::uint64_t idle_count_ = 0;
  bool closing_ = false;
  std::map<std::string, std::uint64_t> outcomes_;
  std::deque<std::string> log_;
};

struct FlowResult {
  std::string failure;  // empty when all went well
  std::map<std::string, std::uint64_t> outcomes;
};

// Plays pipelines of the seed, each to its end, until `steps` steps are done.
[[nodiscard]] FlowResult play(std::uint64_t seed, std::uint64_t steps, const FlowSabotage& sabotage = {});

}  // namespace sluice::sim
