// Submitting, and between the messages and structs of jobs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/src/connection.h"
#include "sluice/job.h"

namespace sluice::internal {

// Where jobs are submitted to.
struct Target {
  std::string queue;
  std::string pipeline;  // instead of the queue, if it is not empty

  void set(v1::SubmitJobsRequest& request) const;
};

[[nodiscard]] Job from_proto(v1::Job&& job);
// Of the jobs that the request names.
void await(Connection& connection, v1::AwaitJobsRequest&& request, const std::function<void(Job&&)>& on_outcome,
           const AwaitOptions& options);
// Gives the request a name of its own, so that it can be repeated.
v1::SubmitJobsResponse submit(Connection& connection, v1::SubmitJobsRequest& request, const SubmitOptions& options);
[[nodiscard]] Future submit_one(const std::shared_ptr<Connection>& connection, const Target& target, NewItem item,
                                const SubmitOptions& options);
[[nodiscard]] JobBatch submit_batch(Connection& connection, const Target& target, std::span<const NewItem> items,
                                    const BatchOptions& options);
// Results in the order of the inputs.
[[nodiscard]] std::vector<std::string> map(const std::shared_ptr<Connection>& connection, const Target& target,
                                           std::span<const std::string> inputs, const MapOptions& options);

}  // namespace sluice::internal
