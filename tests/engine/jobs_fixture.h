// What tests of jobs and batches say in one line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {

class JobsTest : public EngineTest {
 protected:
  using EngineTest::EngineTest;

  struct Options {
    base::Duration wait = kTry;
    std::string request_id = {};
    base::Duration keep = limits::kDefaultJobKeep;
    bool begins_batch = false;
    std::uint64_t batch = 0;
    bool seals = false;
    base::Duration patience = limits::kDefaultBatchPatience;
    std::string callback_queue = {};
    std::string pipeline = {};
  };

  TestCaller& submit_to(std::string_view queue, const std::vector<std::string>& payloads, const Options& options);
  // One job that must be accepted; its id.
  std::uint64_t submit(std::string_view queue, const std::string& payload);
  // Several that must be; the id of the first.
  std::uint64_t submit(std::string_view queue, const std::vector<std::string>& payloads, const Options& options);
  TestCaller& await(const std::vector<std::uint64_t>& jobs, bool in_order = false);
  TestCaller& await_batch(std::uint64_t batch, bool in_order = false);
  // Completes with a result for the job.
  TestCaller& complete_with(std::string_view queue, model::LeaseId lease, const std::string& result,
                            const std::vector<To>& outputs = {});
  // Takes one item and completes it so; nothing more.
  void work(std::string_view queue, const std::string& result);
  // Cancels the item that has the job's id; it must be there.
  void cancel(std::string_view queue, std::uint64_t id);

  // Fails the test if there is none.
  JobView job(std::uint64_t id);
  BatchView batch(std::uint64_t id);
  // "running", "succeeded: a b" with the results, "failed: REASON" and so on; or the name of the error's reason.
  std::string outcome(std::uint64_t id);
  std::string seal(std::uint64_t batch);
  std::uint64_t forget(const std::vector<std::uint64_t>& jobs);
};

}  // namespace sluice::engine::testing
