// Jobs in calls of a size that their queue takes, of one batch or of none.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "client/src/connection.h"
#include "sluice/job.h"

namespace sluice::internal {

// Not thread-safe. The connection must outlive it.
class JobSubmitter {
 public:
  using OnSubmitted = std::function<void(const v1::SubmitJobsResponse&)>;

  // `call`: where to, and where they are a batch, its new_batch; nothing else. `most`: jobs in one call. `on_submitted` is told
  // of each call.
  JobSubmitter(Connection& connection, v1::SubmitJobsRequest call, std::size_t most, SubmitOptions options,
               OnSubmitted on_submitted);

  // At most most() jobs; in several calls if that is more than the queue can hold at once, which most() then remembers. `last`:
  // the batch gets no more.
  void send(std::vector<v1::NewItem>&& items, bool last);

  [[nodiscard]] std::size_t most() const { return most_; }
  // 0 before the first call, and without a batch.
  [[nodiscard]] BatchId batch() const { return batch_; }

 private:
  void send(v1::NewItem* begin, v1::NewItem* end, bool last);

  Connection& connection_;
  const v1::SubmitJobsRequest call_;
  std::size_t most_;
  const SubmitOptions options_;
  const OnSubmitted on_submitted_;
  BatchId batch_ = 0;
};

}  // namespace sluice::internal
