#include "server/admin/metrics.h"

namespace sluice::admin {
namespace {

using Type = Exposition::Type;

void write_store(const journal::StoreUse& use, Exposition& out) {
  out.family("sluice_store_used_bytes", Type::kGauge, "What the store's data takes, as of the last commit.");
  out.value({}, use.used);
  out.family("sluice_store_limit_bytes", Type::kGauge, "How large the store may grow.");
  out.value({}, use.limit);
  out.family("sluice_store_reserve_bytes", Type::kGauge, "Puts are refused when less than this is left.");
  out.value({}, use.reserve);
  out.family("sluice_disk_free_bytes", Type::kGauge, "What the disk of the data directory has room for.");
  out.value({}, use.disk_free);
}

void write_payloads(const runtime::PayloadUse& use, Exposition& out) {
  out.family("sluice_payload_resident_bytes", Type::kGauge, "Payloads and attributes of unfinished items in memory.");
  out.value({}, use.resident);
  out.family("sluice_payload_spilled_bytes", Type::kGauge, "Payloads and attributes of unfinished items in the store only.");
  out.value({}, use.spilled);
  out.family("sluice_payload_reads_total", Type::kCounter, "Items whose payload was read back from the store.");
  out.value({}, use.reads.items);
  out.family("sluice_payload_read_bytes_total", Type::kCounter, "What they held.");
  out.value({}, use.reads.bytes);
}

}  // namespace

std::string Metrics::text(const Measured& measured) {
  Exposition out;
  out.family("sluice_build_info", Type::kGauge, "Always 1; the label tells the version.");
  out.value({{"version", measured.version}}, std::uint64_t{1});
  out.family("sluice_ready", Type::kGauge,
             "1 while new work is taken, 0 from the start of a drain, and while the store is full or has failed.");
  out.value({}, std::uint64_t{measured.ready});
  write_queues(measured.queues, out);
  write_stages(measured.pipelines, out);
  write_jobs(measured.jobs, out);
  write_limits(measured.limits, out);
  write_schedules(measured.schedules, out);
  out.family("sluice_commit_seconds", Type::kHistogram, "From a command to the commit of what it changed.");
  out.value({}, measured.commit_times);
  write_payloads(measured.payloads, out);
  if (measured.store) write_store(*measured.store, out);
  if (measured.registry != nullptr) write_exits(*measured.registry, out);
  if (measured.calls != nullptr) write_calls(*measured.calls, out);
  write_process(out);
  return out.take();
}

}  // namespace sluice::admin
