// Between the structs of the public headers and the messages of the protos. Pure functions.
#pragma once

#include "sluice/types.h"
#include "sluice/v1/limit.pb.h"
#include "sluice/v1/pipeline.pb.h"
#include "sluice/v1/progress.pb.h"
#include "sluice/v1/queue.pb.h"
#include "sluice/v1/queue_service.pb.h"
#include "sluice/v1/schedule.pb.h"

namespace sluice::internal {

// Bytes that are part of no UTF-8 character become '?': the server takes no others.
[[nodiscard]] std::string readable(std::string_view text);
[[nodiscard]] google::protobuf::Duration to_proto(Duration duration);
[[nodiscard]] google::protobuf::Timestamp to_proto(Time time);
[[nodiscard]] v1::QueueSettings to_proto(const QueueSettings& settings);
[[nodiscard]] v1::RetryPolicy to_proto(const RetryPolicy& retry);
[[nodiscard]] v1::QueueSpec to_proto(const QueueSpec& spec);
[[nodiscard]] v1::NewItem to_proto(NewItem item);
[[nodiscard]] v1::Failure to_proto(const Failure& failure);
[[nodiscard]] v1::PipelineSpec to_proto(const PipelineSpec& spec);
[[nodiscard]] v1::ScheduleSpec to_proto(const ScheduleSpec& spec);
[[nodiscard]] v1::ItemState to_proto(ItemState state);

[[nodiscard]] Duration from_proto(const google::protobuf::Duration& duration);
[[nodiscard]] Time from_proto(const google::protobuf::Timestamp& time);
// What is beyond the times that there are becomes the last, or first, of them.
[[nodiscard]] Time from_unix_micros(std::int64_t micros);
[[nodiscard]] QueueSettings from_proto(const v1::QueueSettings& settings);
[[nodiscard]] Failure from_proto(const v1::Failure& failure);
[[nodiscard]] QueueInfo from_proto(const v1::Queue& queue);
[[nodiscard]] CancelOutcome from_proto(v1::CancelOutcome outcome);
[[nodiscard]] Progress from_proto(const v1::Progress& progress);
[[nodiscard]] PeekedItem from_proto(const v1::PeekedItem& item);
[[nodiscard]] StageInfo from_proto(const v1::Stage& stage);
[[nodiscard]] PipelineInfo from_proto(const v1::Pipeline& pipeline);
[[nodiscard]] LimitInfo from_proto(const v1::Limit& limit);
[[nodiscard]] Schedule from_proto(const v1::Schedule& schedule);
[[nodiscard]] WorkerInfo from_proto(const v1::Worker& worker);
[[nodiscard]] HandlerInfo from_proto(const v1::Handler& handler);

}  // namespace sluice::internal
