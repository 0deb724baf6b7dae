// Progress, both ways. Pure; thread-safe.
#pragma once

#include <vector>

#include <google/protobuf/repeated_field.h>

#include "server/model/ids.h"
#include "server/model/progress.h"
#include "sluice/v1/progress.pb.h"

namespace sluice::wire {

// What is to be shown of an item from now on.
struct Report {
  model::LeaseId lease{};
  model::Progress progress;
};
// Never fails: what is beyond its range is brought into it.
[[nodiscard]] std::vector<Report> reports_of(const google::protobuf::RepeatedPtrField<v1::ProgressReport>& reports);

void fill(const model::Progress& progress, v1::Progress& message);

}  // namespace sluice::wire
