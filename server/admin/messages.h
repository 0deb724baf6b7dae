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

template <class Message, class View>
[[nodiscard]] Message filled(const View& view) {
  Message message;
  wire::fill(view, message);
  return message;
}

[[nodiscard]] inline v1::Queue message_of(const engine::QueueView& view) { return filled<v1::Queue>(view); }
[[nodiscard]] inline v1::Worker message_of(const engine::WorkerView& view) { return filled<v1::Worker>(view); }
[[nodiscard]] inline v1::Limit message_of(const engine::LimitView& view) { return filled<v1::Limit>(view); }
[[nodiscard]] inline v1::Schedule message_of(const engine::ScheduleView& view) { return filled<v1::Schedule>(view); }

// Without its results, which may be large.
[[nodiscard]] inline v1::Job message_of(const engine::JobView& view) {
  v1::Job job;
  wire::fill(view, false, job);
  return job;
}

[[nodiscard]] inline v1::Batch message_of(const engine::BatchView& view) { return filled<v1::Batch>(view); }

[[nodiscard]] inline v1::Pipeline message_of(const PipelineSeen& seen) {
  v1::Pipeline pipeline;
  wire::fill(seen.view, pipeline);
  for (std::size_t i = 0; i < seen.stages.size(); ++i)
    wire::fill(seen.stages[i], *pipeline.mutable_stages(static_cast<int>(i)));
  return pipeline;
}

}  // namespace sluice::admin
