#include "server/admin/metrics.h"

namespace sluice::admin {

void write_jobs(const engine::JobCounts& jobs, Exposition& out) {
  using Type = Exposition::Type;
  out.family("sluice_jobs", Type::kGauge, "Jobs that run, and those that have ended and are not forgotten.");
  out.value({{"state", "running"}}, jobs.running);
  out.value({{"state", "ended"}}, jobs.ended);
  out.family("sluice_job_result_bytes", Type::kGauge, "Results of ended jobs that are kept.");
  out.value({}, jobs.result_bytes);
  out.family("sluice_batches", Type::kGauge, "Batches of jobs that are not forgotten.");
  out.value({}, jobs.batches);
  out.family("sluice_job_awaits", Type::kGauge, "Calls that wait for the end of jobs.");
  out.value({}, jobs.awaiters);
}

}  // namespace sluice::admin
