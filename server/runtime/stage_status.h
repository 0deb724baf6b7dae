// What can be seen of a stage's workers, as the runtime tells it.
#pragma once

#include "server/model/stage_status.h"

namespace sluice::runtime {

using model::RunningItem;
using model::StageStatus;

}  // namespace sluice::runtime
