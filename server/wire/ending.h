// How consumers end what they hold: the parts that the unary calls and the streams have in common. Pure; thread-safe.
#pragma once

#include <google/protobuf/repeated_field.h>

#include "server/engine/commands.h"
#include "server/wire/reader.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::wire {

// Complains about more outputs than one completion, or all of a message, may have: a message is small on the wire and large in
// memory when it has very many empty ones.
void check_outputs(Reader& reader, const google::protobuf::RepeatedPtrField<v1::Completion>& completions);

// Sets lease, outputs and result of `command`; payloads are moved.
void read_completion(Reader& reader, const Field& at, v1::Completion& completion, engine::CompleteCommand& command);
// Sets lease, failure and what is to become of the item.
void read_failed_lease(Reader& reader, const Field& at, const v1::FailedLease& lease, engine::FailCommand& command);

}  // namespace sluice::wire
