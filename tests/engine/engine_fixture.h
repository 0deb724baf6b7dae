// One engine, its time as a variable, and callers that write down their answers. Every command's effects are carried out
// before the helper returns: answers given, records kept, stage changes remembered.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/engine.h"
#include "tests/engine/record_store.h"
#include "tests/engine/test_caller.h"

namespace sluice::engine::testing {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

inline constexpr base::Duration kForever = base::Duration::max();
inline constexpr base::Duration kTry{0};

// model::QueueSettingsPatch for designated initializers.
struct Settings {
  std::optional<std::uint32_t> capacity = std::nullopt;
  std::optional<model::QueueOrder> order = std::nullopt;
  std::optional<base::Duration> lease = std::nullopt;
  std::optional<std::uint32_t> max_attempts = std::nullopt;
  std::optional<base::Duration> backoff = std::nullopt;
  std::optional<base::Duration> max_backoff = std::nullopt;
  std::optional<double> multiplier = std::nullopt;
  std::optional<double> jitter = std::nullopt;
  std::optional<std::string> dead_letter_queue = std::nullopt;
  std::optional<model::Durability> durability = std::nullopt;
  std::optional<std::uint32_t> max_lost_attempts = std::nullopt;
  std::optional<std::vector<std::int32_t>> final_exit_codes = std::nullopt;

  [[nodiscard]] model::QueueSettingsPatch patch() const;
};

struct PutOptions {
  base::Duration wait = kTry;
  std::string request_id = {};
  std::int64_t priority = 0;
  base::Duration delay{0};
};

struct GetOptions {
  base::Duration wait = kTry;
  std::optional<base::Duration> lease = std::nullopt;
  std::string consumer = {};
  std::string stage = {};
  model::WorkerId worker = {};
  std::string pipeline = {};
};

struct CompleteOptions {
  base::Duration wait = kTry;
  std::string request_id = {};
};

struct FailOptions {
  std::string reason = std::string(model::failure_reason::kFailed);
  std::string message = {};
  bool do_not_retry = false;
  std::optional<base::Duration> retry_delay = std::nullopt;
  std::string request_id = {};
  std::optional<std::int32_t> exit_code = std::nullopt;
};

struct To {
  std::string queue;
  std::string payload;
};

struct StageLine {
  std::string name;
  std::string input;
  std::string output = {};
  std::uint32_t workers = 1;
  std::string handler = "h";
  std::uint32_t start_workers = 0;
  std::vector<std::string> limits = {};
};

class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(const EngineOptions& options = {});
  ~EngineTest() override;

  // Time. pass() does what falls due on the way, each at its moment; jump() only moves the clock.
  void pass(base::Duration time);
  void jump(base::Duration time) { now_ += time; }
  [[nodiscard]] base::Time now() const { return now_; }

  // Queues. Each returns "OK" or the name of the error's reason.
  std::string create(std::string_view queue, const Settings& settings = {}, bool allow_existing = false);
  std::string update(std::string_view queue, const Settings& settings);
  std::string close(std::string_view queue, bool immediate = false);
  std::string pause(std::string_view queue);
  std::string resume(std::string_view queue);
  absl::StatusOr<std::uint64_t> purge(std::string_view queue);
  absl::StatusOr<std::uint64_t> remove(std::string_view queue, bool force = false);
  // Fails the test if there is no such queue.
  QueueView view(std::string_view queue);
  [[nodiscard]] bool exists(std::string_view queue) const { return engine_->queue(now_, queue).ok(); }
  std::vector<std::string> peek(std::string_view queue, std::optional<model::ItemState> state = std::nullopt);
  std::vector<PeekedItem> peek_items(std::string_view queue, std::optional<model::ItemState> state = std::nullopt);

  // Items.
  TestCaller& put(std::string_view queue, const std::vector<std::string>& payloads, const PutOptions& options = {});
  TestCaller& get(std::string_view queue, std::uint32_t max_items = 1, const GetOptions& options = {});
  // One item that must be there.
  model::Delivery take(std::string_view queue, const GetOptions& options = {});
  TestCaller& complete(std::string_view queue, model::LeaseId lease, const std::vector<To>& outputs = {},
                       const CompleteOptions& options = {});
  std::string fail(std::string_view queue, model::LeaseId lease, const FailOptions& options = {});
  absl::StatusOr<base::Time> extend(std::string_view queue, model::LeaseId lease,
                                    std::optional<base::Duration> duration = std::nullopt);
  std::string release(std::string_view queue, model::LeaseId lease);
  TestCaller& join(std::string_view queue, std::optional<std::uint64_t> since = std::nullopt,
                   base::Duration progress_interval = limits::kDefaultProgressInterval);
  bool withdraw(TestCaller& caller);

  // Pipelines.
  std::string create_pipeline(std::string_view name, const std::vector<StageLine>& stages,
                              const std::map<std::string, Settings>& queues = {});
  std::string close_pipeline(std::string_view name, bool immediate = false);
  absl::StatusOr<std::uint64_t> remove_pipeline(std::string_view name, bool force = false);
  std::string scale(std::string_view pipeline, std::string_view stage, std::uint32_t workers);
  std::string pause_stage(std::string_view pipeline, std::string_view stage);
  std::string resume_stage(std::string_view pipeline, std::string_view stage);
  void start_worker(std::string_view pipeline, std::string_view stage);
  void stop_worker(std::string_view pipeline, std::string_view stage);
  TestCaller& join_pipeline(std::string_view name, std::optional<std::uint64_t> since = std::nullopt);
  PipelineView pipeline(std::string_view name);
  model::StageState stage_state(std::string_view pipeline, std::string_view stage);
  // The last StageChange of the stage; fails the test if there was none since the last restart.
  StageChange last_change(std::string_view stage);
  [[nodiscard]] bool changed(std::string_view stage) const { return changes_.contains(std::string(stage)); }
  void forget_changes() { changes_.clear(); }

  // The server dies and comes back: a new engine out of the records. Whoever waited is gone.
  void restart(base::Duration down_time = base::Duration{0});

  Engine& engine() { return *engine_; }
  [[nodiscard]] const RecordStore& store() const { return store_; }
  TestCaller& new_caller(std::string name);
  // Carries out the effects of a command given to engine() directly.
  void carry_out(Effects& effects);
  [[nodiscard]] base::Time after(base::Duration wait) const { return base::add_saturating(now_, wait); }

 private:
  EngineOptions options_;
  base::Time now_{1'000'000s};
  std::unique_ptr<Engine> engine_;
  RecordStore store_;
  std::deque<TestCaller> callers_;
  std::map<std::string, StageChange> changes_;
};

}  // namespace sluice::engine::testing
