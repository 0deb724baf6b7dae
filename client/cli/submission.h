// The jobs of one `sluice submit`.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "client/cli/arguments.h"
#include "client/cli/session.h"
#include "client/src/job_submitter.h"

namespace sluice::cli {

// Not thread-safe.
class Submission {
 public:
  // `on_submitted` is told of each call.
  Submission(Session& session, const SubmitArguments& arguments, std::stop_token stop,
             internal::JobSubmitter::OnSubmitted on_submitted);

  // Sends what has gathered when it is enough for a call.
  void add(std::string payload);
  // Sends the rest, after which a batch gets no more jobs.
  void finish();

  // 0: none, or nothing has been submitted yet.
  [[nodiscard]] BatchId batch() const { return submitter_.batch(); }
  [[nodiscard]] std::uint64_t jobs() const { return jobs_; }

 private:
  v1::NewItem model_;  // of each item, without its payload
  std::uint64_t jobs_ = 0;
  internal::JobSubmitter submitter_;  // counts into it
  std::vector<v1::NewItem> gathered_;
  std::size_t gathered_bytes_ = 0;
};

}  // namespace sluice::cli
