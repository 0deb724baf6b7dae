// Work: a remote worker of a stage, for as long as its stream lives.
#pragma once

#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "server/rpc/holding_stream.h"
#include "server/wire/work.h"

namespace sluice::rpc {

// Attached to its stage from the first request until the last of what it held has been given back. What it makes of an item
// is handed on as by a worker of the server (runtime/stage_worker.h): results that cannot go to the stage's output fail the
// attempt. Only what this stream was given can be ended by it.
class WorkStream final : public HoldingStream {
 public:
  using HoldingStream::HoldingStream;

 private:
  ~WorkStream() override = default;

  absl::StatusOr<wire::ConsumerOrder> read(grpc::ByteBuffer& request) override;
  grpc::ByteBuffer tell(News news) override;
  void complete_get(engine::GetCommand& command) const override;
  void handed_on(model::LeaseId lease, const absl::Status& status) override;
  void leave(engine::Engine& engine, base::Time now, engine::Effects& effects) override;
  [[nodiscard]] bool may_get() const override { return attached_ != Attached::kNot; }
  [[nodiscard]] bool must_leave() const override { return is_listed_; }
  [[nodiscard]] bool has_answer() const override { return attached_ == Attached::kToTell || HoldingStream::has_answer(); }
  [[nodiscard]] Held held_of(const model::Delivery& item) const override;
  [[nodiscard]] bool keeps(const absl::Status&) const override { return false; }

  absl::Status attach(const wire::WorkOrder& order);
  absl::Status attach(const wire::WorkOrder& order, engine::Engine& engine, base::Time now, engine::Effects& effects);
  // What becomes of the results: items for the stage's output, or a failed attempt.
  void make_outputs(std::vector<wire::MadeResult>&& results, wire::ConsumerOrder& order);
  // Notes those that this stream does not hold, and keeps the others.
  template <class Entry, class Lease>
  void keep_held(std::vector<Entry>& entries, Lease lease_of);

  // Set with the first request.
  wire::StageName name_;
  model::WorkerId id_{};
  model::StageSpec stage_;
  std::optional<base::Duration> timeout_;  // of the stage's handler

  // Guarded by mutex_.
  bool is_listed_ = false;  // as a worker of its stage
  enum class Attached { kNot, kToTell, kTold } attached_ = Attached::kNot;
};

}  // namespace sluice::rpc
