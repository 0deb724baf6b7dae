// Jobs that are submitted in calls of a size that their queue takes, one batch or none.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "client/cli/arguments.h"
#include "client/cli/session.h"
#include "sluice/job.h"

namespace sluice::cli {

// Not thread-safe.
class Submission {
 public:
  using OnSubmitted = std::function<void(const v1::SubmitJobsResponse&)>;

  // `on_submitted` is told of each call.
  Submission(Session& session, const SubmitArguments& arguments, std::stop_token stop, OnSubmitted on_submitted);

  // Sends what has gathered when it is enough for a call.
  void add(std::string payload);
  // Sends the rest, after which a batch gets no more jobs.
  void finish();

  // 0: none, or nothing has been submitted yet.
  [[nodiscard]] BatchId batch() const { return batch_; }
  [[nodiscard]] std::uint64_t jobs() const { return jobs_; }

 private:
  void send(std::vector<v1::NewItem> items, bool last);
  [[nodiscard]] v1::NewBatch new_batch(bool open) const;

  Session& session_;
  const SubmitArguments& arguments_;
  const std::stop_token stop_;
  const OnSubmitted on_submitted_;
  v1::SubmitJobsRequest target_;  // and nothing else
  v1::NewItem model_;             // of each item, without its payload
  std::vector<v1::NewItem> gathered_;
  std::size_t gathered_bytes_ = 0;
  std::size_t most_;  // in one call
  BatchId batch_ = 0;
  std::uint64_t jobs_ = 0;
};

}  // namespace sluice::cli
