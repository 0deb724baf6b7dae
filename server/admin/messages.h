// What was seen, as messages of the API.
#pragma once

#include "server/admin/snapshot.h"
#include "server/wire/jobs.h"
#include "server/wire/views.h"
#include "server/wire/work.h"
#include "sluice/v1/job.pb.h"
#include "sluice/v1/limit.pb.h"
#include "sluice/v1/pipeline.pb.h"
#include "sluice/v1/queue.pb.h"
#include "sluice/v1/schedule.pb.h"

namespace sluice::admin {

[[nodiscard]] inline v1::Queue message_of(const engine::QueueView& view) {
  v1::Queue queue;
  wire::fill(view, queue);
  return queue;
}

[[nodiscard]] inline v1::Worker message_of(const engine::WorkerView& view) {
  v1::Worker worker;
  wire::fill(view, worker);
  return worker;
}

[[nodiscard]] inline v1::Limit message_of(const engine::LimitView& view) {
  v1::Limit limit;
  wire::fill(view, limit);
  return limit;
}

[[nodiscard]] inline v1::Schedule message_of(const engine::ScheduleView& view) {
  v1::Schedule schedule;
  wire::fill(view, schedule);
  return schedule;
}

// Without its results, which may be large.
[[nodiscard]] inline v1::Job message_of(const engine::JobView& view) {
  v1::Job job;
  wire::fill(view, false, job);
  return job;
}

[[nodiscard]] inline v1::Batch message_of(const engine::BatchView& view) {
  v1::Batch batch;
  wire::fill(view, batch);
  return batch;
}

[[nodiscard]] inline v1::Pipeline message_of(const PipelineSeen& seen) {
  v1::Pipeline pipeline;
  wire::fill(seen.view, pipeline);
  for (std::size_t i = 0; i < seen.stages.size(); ++i)
    wire::fill(seen.stages[i], *pipeline.mutable_stages(static_cast<int>(i)));
  return pipeline;
}

}  // namespace sluice::admin
