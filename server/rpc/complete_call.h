// Complete: each token is a command of its own, which may wait, and has a result of its own.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "server/engine/commands.h"
#include "server/rpc/call.h"

namespace sluice::rpc {

// Its commands run in one turn. The call is finished when the last of them has its result, whoever brings it: the engine, the
// caller's leaving or a shutdown, which take back what still waits.
class CompleteCall final : public Call, public WaitingCall {
 public:
  CompleteCall(Method method, grpc::CallbackServerContext* context, grpc::ByteBuffer* response, House& house)
      : Call(method, context, response, house), house_(house) {}

  // At least one.
  void start(std::vector<engine::CompleteCommand> commands);

  bool take_back() override { return take_back(shutting_down()); }
  void refuse(const absl::Status& status) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Waits for the result of one token.
  struct Slot final : engine::Caller {
    void answer(engine::Answer&& answer) override;

    CompleteCall* call = nullptr;
    model::LeaseId lease{};
    absl::Status result;
  };

  // What can be taken back gets `status`. True if that left no slot without a result.
  bool take_back(const absl::Status& status);
  // True for the last slots.
  bool close(std::size_t slots) { return open_.fetch_sub(slots, std::memory_order_acq_rel) == slots; }
  // Every slot has its result.
  void conclude();
  void finish_with_results();
  [[nodiscard]] bool all(base::Reason reason) const;

  House& house_;
  std::string queue_;
  std::vector<Slot> slots_;
  std::atomic<std::size_t> open_ = 0;  // slots without a result
  bool waits_ = false;
};

}  // namespace sluice::rpc
