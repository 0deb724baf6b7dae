// The routes that show jobs and batches.
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "server/admin/lists.h"
#include "server/admin/pages.h"
#include "server/admin/problem.h"
#include "server/wire/reader.h"
#include "sluice/v1/job_service.pb.h"

namespace sluice::admin {
namespace {

using engine::Effects;
using engine::Engine;

absl::StatusOr<std::uint64_t> id_of(std::string_view key, const std::string& text) {
  std::uint64_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) return id;
  return base::error(base::Reason::kInvalidValue, fmt::format("{}: {} is no id", key, wire::in_quotes(text)));
}

constexpr std::pair<std::string_view, v1::JobState> kStates[] = {
    {"running", v1::JOB_STATE_RUNNING},     {"succeeded", v1::JOB_STATE_SUCCEEDED}, {"failed", v1::JOB_STATE_FAILED},
    {"discarded", v1::JOB_STATE_DISCARDED}, {"cancelled", v1::JOB_STATE_CANCELLED}, {"expired", v1::JOB_STATE_EXPIRED},
};

absl::Status read_state(const Match& match, v1::ListJobsRequest& request) {
  const std::string& text = match.query("state");
  if (text.empty()) return absl::OkStatus();
  for (const auto& [name, state] : kStates) {
    if (name != text) continue;
    request.set_state(state);
    return absl::OkStatus();
  }
  return base::error(
      base::Reason::kInvalidValue,
      fmt::format("state: {} is none of running, succeeded, failed, discarded, cancelled, expired", wire::in_quotes(text)));
}

Json counts_json(const engine::JobCounts& counts) {
  return {{"running", counts.running},
          {"ended", counts.ended},
          {"result_bytes", counts.result_bytes},
          {"batches", counts.batches},
          {"waiting_awaits", counts.awaiters}};
}

Response list_jobs(const House& house, const Match& match) {
  auto request = page_request<v1::ListJobsRequest>(match);
  if (!request.ok()) return problem(request.status());
  if (auto status = read_state(match, *request); !status.ok()) return problem(status);
  if (const std::string& batch = match.query("batch"); !batch.empty()) {
    const auto id = id_of("batch", batch);
    if (!id.ok()) return problem(id.status());
    request->set_batch_id(*id);
  }
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  std::vector<engine::JobView> jobs;
  model::JobId last{};
  engine::JobCounts counts;
  house.runtime.apply([&](const Engine& engine, base::Time, Effects&) {
    jobs = engine.list_jobs(page->batch, page->state, model::JobId{page->after}, page->size, last);
    counts = engine.job_counts();
  });
  Json json = page_json("jobs", jobs, jobs.size(), [](const engine::JobView&) { return std::string(); });
  if (last != model::JobId{}) json["next_page_token"] = wire::token_after_id(model::number(last));
  json["counts"] = counts_json(counts);
  return answer(json);
}

Response show_job(const House& house, const Match& match) {
  const auto id = id_of("job", match.part("job"));
  if (!id.ok()) return problem(id.status());
  absl::StatusOr<engine::JobView> job;
  house.runtime.apply([&](const Engine& engine, base::Time, Effects&) { job = engine.job(model::JobId{*id}); });
  if (!job.ok()) return problem(about(job.status(), "job", match.part("job")));
  return answer(json_of(message_of(*job)));
}

Response list_batches(const House& house, const Match& match) {
  const auto request = page_request<v1::ListBatchesRequest>(match);
  if (!request.ok()) return problem(request.status());
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  std::vector<engine::BatchView> batches;
  house.runtime.apply([&](const Engine& engine, base::Time, Effects&) {
    batches = engine.list_batches(model::BatchId{page->after}, std::size_t{page->size} + 1);
  });
  return answer(page_json("batches", batches, page->size,
                          [](const engine::BatchView& batch) { return wire::token_after_id(model::number(batch.facts.id)); }));
}

Response show_batch(const House& house, const Match& match) {
  const auto id = id_of("batch", match.part("batch"));
  if (!id.ok()) return problem(id.status());
  absl::StatusOr<engine::BatchView> batch;
  house.runtime.apply([&](const Engine& engine, base::Time, Effects&) { batch = engine.batch(model::BatchId{*id}); });
  if (!batch.ok()) return problem(about(batch.status(), "batch", match.part("batch")));
  return answer(json_of(message_of(*batch)));
}

}  // namespace

void add_lists_of_jobs(const House& house, Router& router) {
  add_view(house, router, "/api/v1/jobs", list_jobs);
  add_view(house, router, "/api/v1/jobs/{job}", show_job);
  add_view(house, router, "/api/v1/batches", list_batches);
  add_view(house, router, "/api/v1/batches/{batch}", show_batch);
}

}  // namespace sluice::admin
