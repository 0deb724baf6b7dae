#include "sluice/client.h"

#include <cstdlib>
#include <utility>

#include "client/src/connection.h"
#include "client/src/convert.h"
#include "client/src/limits.h"

namespace sluice {
namespace {

using internal::from_proto;
using internal::to_proto;

// Turns the pages of a list; `add` takes what is on each.
template <class Request, class Add>
void all_pages(internal::Connection& connection, Request request, Add&& add) {
  request.set_page_size(internal::kPageSize);
  do {
    const auto response = connection.call(request);
    add(response);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
}

v1::CreateQueueRequest create_request(const std::string& name, const QueueSettings& settings, bool allow_existing) {
  v1::CreateQueueRequest request;
  *request.mutable_queue() = to_proto(QueueSpec{.name = name, .settings = settings});
  request.set_allow_existing(allow_existing);
  return request;
}

v1::LimitSpec limit_spec(const std::string& name, const LimitSettings& settings) {
  v1::LimitSpec spec;
  spec.set_name(name);
  if (settings.max_at_once) spec.set_max_at_once(*settings.max_at_once);
  if (settings.per_second) spec.set_per_second(*settings.per_second);
  if (settings.burst) spec.set_burst(*settings.burst);
  return spec;
}

}  // namespace

std::string default_address() {
  const char* address = std::getenv("SLUICE_SERVER");
  return address != nullptr && *address != '\0' ? std::string(address) : std::string(kDefaultAddress);
}

Client::Client(std::string address, ClientOptions options)
    : connection_(std::make_shared<internal::Connection>(std::move(address), std::move(options))) {}

Client::Client(std::shared_ptr<internal::Connection> connection) : connection_(std::move(connection)) {}

Queue Client::create_queue(const std::string& name, const QueueSettings& settings) const {
  connection_->call(create_request(name, settings, false));
  return queue(name);
}

Queue Client::ensure_queue(const std::string& name, const QueueSettings& settings) const {
  connection_->call(create_request(name, settings, true));
  return queue(name);
}

Queue Client::queue(const std::string& name) const { return {connection_, name}; }

std::vector<QueueInfo> Client::list_queues(const std::string& prefix) const {
  std::vector<QueueInfo> queues;
  v1::ListQueuesRequest request;
  request.set_prefix(prefix);
  all_pages(*connection_, request, [&queues](const v1::ListQueuesResponse& page) {
    for (const v1::Queue& queue : page.queues()) queues.push_back(from_proto(queue));
  });
  return queues;
}

Pipeline Client::create_pipeline(const PipelineSpec& spec) const {
  v1::CreatePipelineRequest request;
  *request.mutable_pipeline() = to_proto(spec);
  connection_->call(request);
  return pipeline(spec.name);
}

Pipeline Client::pipeline(const std::string& name) const { return {connection_, name}; }

std::vector<PipelineInfo> Client::list_pipelines() const {
  std::vector<PipelineInfo> pipelines;
  all_pages(*connection_, v1::ListPipelinesRequest(), [&pipelines](const v1::ListPipelinesResponse& page) {
    for (const v1::Pipeline& pipeline : page.pipelines()) pipelines.push_back(from_proto(pipeline));
  });
  return pipelines;
}

std::vector<WorkerInfo> Client::workers(const std::string& pipeline) const {
  std::vector<WorkerInfo> workers;
  v1::ListWorkersRequest request;
  request.set_pipeline(pipeline);
  all_pages(*connection_, request, [&workers](const v1::ListWorkersResponse& page) {
    for (const v1::Worker& worker : page.workers()) workers.push_back(from_proto(worker));
  });
  return workers;
}

Jobs Client::jobs() const { return Jobs(connection_); }
LimitInfo Client::create_limit(const std::string& name, const LimitSettings& settings) const {
  v1::CreateLimitRequest request;
  *request.mutable_limit() = limit_spec(name, settings);
  return from_proto(connection_->call(request).limit());
}

LimitInfo Client::update_limit(const std::string& name, const LimitSettings& settings) const {
  v1::UpdateLimitRequest request;
  *request.mutable_limit() = limit_spec(name, settings);
  return from_proto(connection_->call(request).limit());
}

void Client::remove_limit(const std::string& name) const {
  v1::DeleteLimitRequest request;
  request.set_limit(name);
  connection_->call(request);
}

LimitInfo Client::limit(const std::string& name) const {
  v1::GetLimitRequest request;
  request.set_limit(name);
  return from_proto(connection_->call(request).limit());
}

std::vector<LimitInfo> Client::limits() const {
  std::vector<LimitInfo> limits;
  all_pages(*connection_, v1::ListLimitsRequest(), [&limits](const v1::ListLimitsResponse& page) {
    for (const v1::Limit& limit : page.limits()) limits.push_back(from_proto(limit));
  });
  return limits;
}

Schedule Client::create_schedule(const ScheduleSpec& spec) const {
  v1::CreateScheduleRequest request;
  *request.mutable_schedule() = to_proto(spec);
  return from_proto(connection_->call(request).schedule());
}

Schedule Client::update_schedule(const ScheduleSpec& spec) const {
  v1::UpdateScheduleRequest request;
  *request.mutable_schedule() = to_proto(spec);
  return from_proto(connection_->call(request).schedule());
}

Schedule Client::update_schedule(const ScheduleSpec& spec, const std::vector<std::string>& fields) const {
  v1::UpdateScheduleRequest request;
  *request.mutable_schedule() = to_proto(spec);
  for (const std::string& field : fields) request.mutable_update_mask()->add_paths(field);
  if (fields.empty()) request.mutable_update_mask();
  return from_proto(connection_->call(request).schedule());
}

void Client::delete_schedule(const std::string& name) const {
  v1::DeleteScheduleRequest request;
  request.set_schedule(name);
  connection_->call(request);
}

Schedule Client::pause_schedule(const std::string& name) const {
  v1::PauseScheduleRequest request;
  request.set_schedule(name);
  return from_proto(connection_->call(request).schedule());
}

Schedule Client::resume_schedule(const std::string& name) const {
  v1::ResumeScheduleRequest request;
  request.set_schedule(name);
  return from_proto(connection_->call(request).schedule());
}

Schedule Client::schedule(const std::string& name) const {
  v1::GetScheduleRequest request;
  request.set_schedule(name);
  return from_proto(connection_->call(request).schedule());
}

std::vector<Schedule> Client::schedules() const {
  std::vector<Schedule> schedules;
  all_pages(*connection_, v1::ListSchedulesRequest(), [&schedules](const v1::ListSchedulesResponse& page) {
    for (const v1::Schedule& schedule : page.schedules()) schedules.push_back(from_proto(schedule));
  });
  return schedules;
}

std::vector<HandlerInfo> Client::handlers() const {
  std::vector<HandlerInfo> handlers;
  all_pages(*connection_, v1::ListHandlersRequest(), [&handlers](const v1::ListHandlersResponse& page) {
    for (const v1::Handler& handler : page.handlers()) handlers.push_back(from_proto(handler));
  });
  return handlers;
}

bool Client::serving() const { return connection_->serving("readiness"); }

std::string_view version() { return SLUICE_VERSION; }

}  // namespace sluice
