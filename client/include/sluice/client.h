// The way in: a connection to one server. #include "sluice/sluice.h" for all of the library.
//
//   sluice::Client client("127.0.0.1:7410");
//   sluice::Queue tasks = client.create_queue("tasks", {.capacity = 10});
//   tasks.put("hello");
//
// Connects at the first call, and again by itself when the connection breaks. Any thread may use it; copies share the
// connection, which lives as long as any Client, Queue, Pipeline or Item of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/job.h"
#include "sluice/options.h"
#include "sluice/pipeline.h"
#include "sluice/queue.h"
#include "sluice/types.h"

namespace sluice {

inline constexpr std::string_view kDefaultAddress = "127.0.0.1:7410";
// What the environment variable SLUICE_SERVER says, as for the `sluice` command; kDefaultAddress if it says nothing.
[[nodiscard]] std::string default_address();

class Client {
 public:
  // `address`: host:port, or what else gRPC takes as a target ("unix:/run/sluice.sock", "dns:///sluice:7410").
  explicit Client(std::string address = default_address(), ClientOptions options = {});
  explicit Client(std::shared_ptr<internal::Connection> connection);

  // AlreadyExists.
  Queue create_queue(const std::string& name, const QueueSettings& settings = {}) const;
  // The same, but a queue of that name that is there already is taken as it is.
  Queue ensure_queue(const std::string& name, const QueueSettings& settings = {}) const;
  // A queue that is there already; nobody asks the server before it is used.
  [[nodiscard]] Queue queue(const std::string& name) const;
  // Those whose names begin with `prefix`, in order of the names.
  [[nodiscard]] std::vector<QueueInfo> list_queues(const std::string& prefix = {}) const;

  // Creates it and starts its workers: all of it or nothing. AlreadyExists, NotFound (a handler), InvalidArgument.
  Pipeline create_pipeline(const PipelineSpec& spec) const;
  [[nodiscard]] Pipeline pipeline(const std::string& name) const;
  [[nodiscard]] std::vector<PipelineInfo> list_pipelines() const;
  // The remote workers that are attached to a stage of it, or of any pipeline. NotFound.
  [[nodiscard]] std::vector<WorkerInfo> workers(const std::string& pipeline = {}) const;
  // Jobs that were submitted, by whomever.
  [[nodiscard]] Jobs jobs() const;
  // Limits that stages share. AlreadyExists; NotFound; error LIMIT_IN_USE for one that a stage names.
  LimitInfo create_limit(const std::string& name, const LimitSettings& settings) const;
  LimitInfo update_limit(const std::string& name, const LimitSettings& settings) const;
  void remove_limit(const std::string& name) const;
  [[nodiscard]] LimitInfo limit(const std::string& name) const;
  [[nodiscard]] std::vector<LimitInfo> limits() const;
  // Schedules, which put items by the clock. AlreadyExists; NotFound, also for the queue; InvalidArgument. An update replaces
  // all of the spec: what is absent has its default; or, in one step on the server, only the `fields` named by their names in
  // the protos, such as {"queue", "catch_up"}. Counters go on. Items that were put stay when a schedule is deleted.
  Schedule create_schedule(const ScheduleSpec& spec) const;
  Schedule update_schedule(const ScheduleSpec& spec) const;
  Schedule update_schedule(const ScheduleSpec& spec, const std::vector<std::string>& fields) const;
  void delete_schedule(const std::string& name) const;
  // No ticks until it is resumed; none are made up for then.
  Schedule pause_schedule(const std::string& name) const;
  Schedule resume_schedule(const std::string& name) const;
  [[nodiscard]] Schedule schedule(const std::string& name) const;
  [[nodiscard]] std::vector<Schedule> schedules() const;
  // What stages can run.
  [[nodiscard]] std::vector<HandlerInfo> handlers() const;

  // True when the server answers that it takes new work; false when it answers that it does not: it still reads its store, is
  // going down, or its store is full. Unavailable.
  [[nodiscard]] bool serving() const;

 private:
  std::shared_ptr<internal::Connection> connection_;
};

// Of this library, "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace sluice
