// Remote workers: attached to a stage for as long as their stream lives.
//
// A stage is finished when its input is closed and nothing in it is unfinished. What a remote worker holds is unfinished, so
// nobody has to wait for the worker itself: one that is idle, or hangs, or was never told, holds up no end.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// LIMIT_REACHED when as many are attached as are allowed.
absl::StatusOr<RemoteWorker*> attach(Step& step, Stage& stage, std::string name, std::string host);
void detach(Step& step, RemoteWorker& worker);

// The stage is about to be deleted.
void dismiss_workers(Step& step, Stage& stage);

[[nodiscard]] WorkerView view_of(const RemoteWorker& worker);

}  // namespace sluice::engine
