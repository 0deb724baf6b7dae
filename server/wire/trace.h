// The trace context of a call, given to the items that it puts. Pure.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "server/model/trace_context.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::wire {

// As attributes, to each that has no traceparent of its own, and has room for it: a trace never makes a put fail.
void give(const model::TraceContext& context, google::protobuf::RepeatedPtrField<v1::NewItem>& items);

}  // namespace sluice::wire
