// Failures, both ways.
#pragma once

#include "server/model/failure.h"
#include "server/wire/reader.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::wire {

// What a consumer says. The reason must be UPPER_SNAKE_CASE of at most 64 bytes, or empty (INVALID_VALUE); texts are cut to
// their limits. What the server sets itself is not read.
[[nodiscard]] model::Failure read_failure(Reader& reader, const Field& at, const v1::Failure& failure);

// Texts are cut to their limits and made UTF-8, whatever a handler or a child process wrote.
[[nodiscard]] v1::Failure failure_message(const model::Failure& failure);

}  // namespace sluice::wire
