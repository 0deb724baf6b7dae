// A name that may be a queue's or a pipeline's.
#pragma once

#include <string>

#include "client/cli/session.h"

namespace sluice::cli {

// Whether it is a pipeline's; one that is none of both is treated as a queue's, which the server then does not find. `queue`
// and `pipeline` say so without asking. Error AMBIGUOUS for one that is both.
[[nodiscard]] bool is_pipeline(Session& session, const std::string& name, bool queue, bool pipeline);

}  // namespace sluice::cli
