// Between the engine's records and the messages that are stored (proto/sluice/store/v1/record.proto).
#pragma once

#include "absl/status/statusor.h"
#include "server/model/record.h"
#include "sluice/store/v1/record.pb.h"

namespace sluice::journal {

namespace store = sluice::store::v1;

// `out` is cleared first, so that one message may serve many records.
void to_store(const model::SequenceRecord& record, store::Sequence& out);
void to_store(const model::QueueRecord& record, store::Queue& out);
void to_store(const model::CountersRecord& record, store::Counters& out);
// Without the body.
void to_store(const model::ItemRecord& record, store::Item& out);
// Beside what is there already.
void add_to_store(const model::Body& body, store::Item& out);
void to_store(const model::Body& body, store::Body& out);
void to_store(const model::RequestRecord& record, store::Request& out);
void to_store(const model::PipelineRecord& record, store::Pipeline& out);
void to_store(const model::JobRecord& record, store::Job& out);
void to_store(const model::BatchRecord& record, store::Batch& out);
void to_store(const model::LimitRecord& record, store::Limit& out);
void to_store(const model::ScheduleRecord& record, store::Schedule& out);

// The parts that a key holds are the caller's to fill in.
[[nodiscard]] model::SequenceRecord from_store(const store::Sequence& stored);
[[nodiscard]] model::QueueRecord from_store(store::Queue&& stored);
[[nodiscard]] model::CountersRecord from_store(const store::Counters& stored);
[[nodiscard]] model::ItemRecord from_store(store::Item&& stored);
[[nodiscard]] model::BodyPtr from_store(store::Body&& stored);
// Of an item that has its payload: moves it out.
[[nodiscard]] model::BodyPtr body_from_store(store::Item& stored);
[[nodiscard]] model::RequestRecord from_store(const store::Request& stored);
[[nodiscard]] model::PipelineRecord from_store(store::Pipeline&& stored);
[[nodiscard]] model::JobRecord from_store(store::Job&& stored);
[[nodiscard]] model::BatchRecord from_store(store::Batch&& stored);

void to_store(const model::Failure& failure, store::Failure& out);
[[nodiscard]] model::Failure from_store(store::Failure&& stored);
[[nodiscard]] model::LimitRecord from_store(store::Limit&& stored);
[[nodiscard]] model::ScheduleRecord from_store(store::Schedule&& stored);

}  // namespace sluice::journal
