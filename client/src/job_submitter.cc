#include "client/src/job_submitter.h"

#include <utility>

#include "client/src/jobs.h"

namespace sluice::internal {

JobSubmitter::JobSubmitter(Connection& connection, v1::SubmitJobsRequest call, std::size_t most, SubmitOptions options,
                           OnSubmitted on_submitted)
    : connection_(connection),
      call_(std::move(call)),
      most_(most),
      options_(std::move(options)),
      on_submitted_(std::move(on_submitted)) {}

void JobSubmitter::send(std::vector<v1::NewItem>&& items, bool last) {
  if (!items.empty()) send(items.data(), items.data() + items.size(), last);
}

void JobSubmitter::send(v1::NewItem* begin, v1::NewItem* end, bool last) {
  v1::SubmitJobsRequest request = call_;
  for (v1::NewItem* item = begin; item != end; ++item) request.add_items()->Swap(item);
  if (call_.has_new_batch() && batch_ == 0) {
    request.mutable_new_batch()->set_open(!last);
  } else if (batch_ != 0) {
    request.set_batch_id(batch_);
    request.set_last(last);
  }
  v1::SubmitJobsResponse response;
  try {
    response = submit(connection_, request, options_);
  } catch (const InvalidArgument& error) {
    if (error.reason() != "BATCH_TOO_LARGE" || end - begin == 1) throw;
    for (v1::NewItem* item = begin; item != end; ++item) request.mutable_items(static_cast<int>(item - begin))->Swap(item);
    most_ = static_cast<std::size_t>(end - begin) / 2;
    v1::NewItem* half = begin + most_;
    send(begin, half, false);
    return send(half, end, last);
  }
  batch_ = response.batch_id();
  on_submitted_(response);
}

}  // namespace sluice::internal
