#include "server/wire/work.h"

#include <fmt/format.h>

#include <utility>

#include "server/base/limits.h"
#include "server/wire/ending.h"
#include "server/wire/page.h"
#include "server/wire/time.h"
#include "server/wire/utf8.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr Field kRequest;

// The stage of a stream: named by its first message, and by no other.
StageName read_stage(Reader& reader, const v1::WorkRequest& request, const StageName& stage) {
  if (stage.pipeline.empty()) {
    return {reader.name({kRequest, "pipeline"}, request.pipeline()), reader.name({kRequest, "stage"}, request.stage())};
  }
  const auto check = [&reader](std::string_view field, const std::string& named, const std::string& expected) {
    if (named.empty() || named == expected) return;
    reader.complain(Reason::kInvalidValue, {kRequest, field},
                    fmt::format("is {}, but the stream is for {}; open another stream", in_quotes(named), in_quotes(expected)));
  };
  check("pipeline", request.pipeline(), stage.pipeline);
  check("stage", request.stage(), stage.stage);
  return stage;
}

void check_size(Reader& reader, std::string_view field, int size) {
  const auto most = static_cast<int>(limits::kMaxBatch);
  if (size <= most) return;
  reader.complain(Reason::kInvalidValue, {kRequest, field}, fmt::format("has {} entries; at most {} are allowed", size, most));
}

// A message is small on the wire and large in memory when it has very many empty outputs.
void check_sizes(Reader& reader, const v1::WorkRequest& request) {
  check_size(reader, "results", request.results_size());
  check_size(reader, "failures", request.failures_size());
  check_size(reader, "released", request.released_size());
  check_size(reader, "reports", request.reports_size());
  std::size_t outputs = 0;
  for (const auto& result : request.results()) outputs += static_cast<std::size_t>(result.outputs_size());
  if (outputs <= limits::kMaxOutputs) return;
  reader.complain(Reason::kInvalidValue, {kRequest, "results"},
                  fmt::format("have {} outputs together; at most {} are allowed", outputs, limits::kMaxOutputs));
}

MadeOutput made_output(v1::StageOutput& output) {
  MadeOutput made;
  made.payload = std::move(*output.mutable_payload());
  if (output.has_attributes()) {
    const auto& attributes = output.attributes().attributes();
    made.attributes.emplace();
    for (const auto& [key, value] : attributes) made.attributes->emplace_back(key, value);
  }
  return made;
}

MadeResult made_result(v1::StageResult& result) {
  MadeResult made;
  made.lease = model::LeaseId{result.lease_token()};
  made.outputs.reserve(static_cast<std::size_t>(result.outputs_size()));
  for (auto& output : *result.mutable_outputs()) made.outputs.push_back(made_output(output));
  return made;
}

}  // namespace

absl::StatusOr<WorkOrder> work_of(v1::WorkRequest&& request, const StageName& stage) {
  Reader reader;
  WorkOrder work;
  work.stage = read_stage(reader, request, stage);
  work.order.consumer = reader.text({kRequest, "worker"}, request.worker(), limits::kMaxConsumerNameBytes);
  work.order.max_items = reader.number({kRequest, "max_items"}, request.max_items(), 0U, limits::kMaxStreamItems);
  work.order.max_bytes = request.max_bytes();
  work.order.leaving = request.leaving();
  check_sizes(reader, request);
  for (int i = 0; i < request.failures_size() && reader.ok(); ++i) {
    const Field field(kRequest, "failures", static_cast<std::size_t>(i));
    read_failed_lease(reader, field, request.failures(i), work.order.failures.emplace_back());
  }
  if (!reader.ok()) return reader.status();
  work.order.reports = reports_of(request.reports());
  for (const std::uint64_t token : request.released()) work.order.released.push_back(model::LeaseId{token});
  work.results.reserve(static_cast<std::size_t>(request.results_size()));
  for (auto& result : *request.mutable_results()) work.results.push_back(made_result(result));
  return work;
}

absl::StatusOr<WorkerPage> page_of(const v1::ListWorkersRequest& request) {
  Reader reader;
  WorkerPage page;
  if (!request.pipeline().empty()) page.pipeline = reader.name({kRequest, "pipeline"}, request.pipeline());
  if (!request.stage().empty()) page.stage = reader.name({kRequest, "stage"}, request.stage());
  if (page.pipeline.empty() && !page.stage.empty()) {
    reader.complain(Reason::kInvalidValue, {kRequest, "pipeline"}, "is missing; a stage is one of a pipeline");
  }
  page.after = model::WorkerId{read_offset(reader, request.page_token())};
  page.size = reader.count_or({kRequest, "page_size"}, request.page_size(), limits::kDefaultPageSize, limits::kMaxPageSize);
  if (!reader.ok()) return reader.status();
  return page;
}

std::string token_after(model::WorkerId worker) { return token_at(model::number(worker)); }

void fill(const engine::WorkerView& view, v1::Worker& worker) {
  worker.set_worker_id(model::number(view.id));
  worker.set_name(utf8_repaired(view.name));
  worker.set_host(utf8_repaired(view.host));
  worker.set_pipeline(view.pipeline);
  worker.set_stage(view.stage);
  worker.set_in_flight(view.in_flight);
  set_time(view.attach_time, *worker.mutable_attach_time());
  worker.set_done(view.done);
  worker.set_failed(view.failed);
}

std::string host_of(std::string_view peer) {
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (peer.starts_with(scheme)) peer.remove_prefix(scheme.size());
  }
  std::string host;
  for (std::size_t i = 0; i < peer.size(); ++i) {
    const auto code = peer.substr(i, 3);
    if (code == "%5B" || code == "%5D") {
      host += code == "%5B" ? '[' : ']';
      i += 2;
    } else {
      host += peer[i];
    }
  }
  return host;
}

}  // namespace sluice::wire
