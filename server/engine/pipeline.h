// Stages and pipelines as the engine holds them.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/queue.h"
#include "server/model/pipeline_spec.h"
#include "server/model/record.h"

namespace sluice::engine {

struct Limit;
struct Stage;
using Limits = std::vector<std::shared_ptr<Limit>>;

// A worker that is attached to a stage from some machine. Its counts are those since then.
struct RemoteWorker {
  model::WorkerId id{};
  std::string name;
  std::string host;
  Stage* stage = nullptr;  // null once it is deleted
  std::string pipeline_name;
  std::string stage_name;
  base::Time attach_time{};
  std::uint64_t in_flight = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;

  void take();
  void let_go();
  void count_done();
  void count_failed();
};

// What the remote workers of a stage hold, and have done since the server started.
struct RemoteWork {
  std::uint32_t workers = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
};

struct Stage {
  Pipeline* pipeline = nullptr;
  model::StageSpec spec;
  model::StageState state = model::StageState::kRunning;
  Queue* input = nullptr;
  Queue* output = nullptr;    // null: results are dropped
  std::uint32_t workers = 0;  // of the server's, alive
  RemoteWork remote;
  bool started = true;                   // as many workers were ready at once as it starts with
  std::shared_ptr<const Limits> limits;  // null: none
  bool in_line = false;                  // in the lines of its limits
  std::list<GetWaiter> held_gets;        // of its workers, which may take nothing now (gate.h)

  [[nodiscard]] bool open() const { return state != model::StageState::kFinished; }
  [[nodiscard]] std::uint32_t wanted_workers() const { return state == model::StageState::kRunning ? spec.workers : 0; }
};

struct Pipeline {
  std::string name;
  std::vector<std::unique_ptr<Stage>> stages;
  base::Time create_time{};
  std::uint64_t idle_count = 0;
  bool was_idle = true;
  Joins joins;

  // Null if there is none of this name.
  [[nodiscard]] Stage* find(std::string_view stage) const;
  // The queues that a stage reads, each once, in the order of the stages.
  [[nodiscard]] std::vector<Queue*> inputs() const;
  // All queues that a stage reads or feeds, each once, in the order of the flow.
  [[nodiscard]] std::vector<Queue*> queues() const;
  // Where work comes in: inputs that no other stage of this pipeline feeds. If there is none (a ring), all inputs.
  [[nodiscard]] std::vector<Queue*> entries() const;
  // In all inputs.
  [[nodiscard]] std::uint64_t unfinished() const;
  [[nodiscard]] bool finished() const;
  // What join waits for: nothing unfinished, and after a close every stage finished too.
  [[nodiscard]] bool idle() const;
  // Whether the journal has its count of idle times: it does unless no input's items are kept.
  [[nodiscard]] bool is_kept() const;
  // Grows with every change of one of its queues.
  [[nodiscard]] std::uint64_t version() const;

  [[nodiscard]] model::PipelineRecord record() const;
};

}  // namespace sluice::engine
