// What keeps the workers of a stage waiting although its input may have items: it is paused, or not all of the workers that it
// starts with are ready, or a limit is exhausted. Their gets then wait at the stage and not in the line of its input, so that
// others who take from the same queue are not held up.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// The stage whose worker asks; null for anybody else.
[[nodiscard]] Stage* stage_of(const Queue& queue, const GetCommand& command, const RemoteWorker* worker);

// Whether the gets of its workers wait whatever is in its input.
[[nodiscard]] inline bool is_shut(const Stage& stage) { return stage.state == model::StageState::kPaused || !stage.started; }
// An item is there for the stage, and a worker who waits for its turn.
[[nodiscard]] bool wants_its_turn(const Stage& stage);

// The stage's gets leave the line of its input and wait at the stage, or go back there.
void hold_gets(Stage& stage);
void resume_gets(Stage& stage);
// Ends all gets of the stage's workers.
void end_gets(Step& step, Stage& stage, const GetAnswer& answer);

// After the state of the stage has changed: gets of its workers wait at the stage while it is shut, in the queue's line while
// it runs, and are told the end when it is finished.
void sort_gets(Step& step, Stage& stage);
// After anything has changed: starts the stage if all who must be ready are, and takes it out of its lines if it has nothing to
// wait for there.
void tend_gate(Step& step, Stage& stage);

}  // namespace sluice::engine
