// Put and Get.
#pragma once

#include <string>
#include <vector>

#include "server/engine/commands.h"
#include "server/rpc/call.h"

namespace sluice::rpc {

class PutCall final : public EngineCall {
 public:
  using EngineCall::EngineCall;
  void start(engine::PutCommand command);
  void answer(engine::Answer&& answer) override;

 private:
  std::string request_id_;
};

// A caller that has gone when its items come gets none: they go back at once, as if they had never been handed out.
class GetCall final : public EngineCall {
 public:
  using EngineCall::EngineCall;
  void start(engine::GetCommand command);
  void answer(engine::Answer&& answer) override;
  void OnDone() override;

 private:
  void give_back();

  std::string queue_;
  std::vector<model::LeaseId> leases_;  // of the answer
};

}  // namespace sluice::rpc
