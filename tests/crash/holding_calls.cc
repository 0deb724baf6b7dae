#include "tests/crash/holding_calls.h"

namespace sluice::crash {

void ConsumeKind::introduce(const Consumer& part, Request& request) {
  request.set_queue(part.queue);
  request.set_consumer(part.name);
}

void ConsumeKind::add_done(std::uint64_t token, const std::vector<std::string>& payloads, const Consumer& part, Dice& dice,
                           Request& request) {
  if (payloads.empty() && dice.percent(80)) return request.add_done(token);
  auto& completion = *request.add_completions();
  completion.set_lease_token(token);
  for (const std::string& payload : payloads) {
    auto& output = *completion.add_outputs();
    output.set_queue(part.output);
    output.mutable_item()->set_payload(payload);
  }
}

void WorkKind::introduce(const Consumer& part, Request& request) {
  request.set_pipeline(kPipeline);
  request.set_stage(part.queue);
  request.set_worker(part.name);
}

// Where to is for the stage to say.
void WorkKind::add_done(std::uint64_t token, const std::vector<std::string>& payloads, const Consumer& /*part*/, Dice& /*dice*/,
                        Request& request) {
  auto& result = *request.add_results();
  result.set_lease_token(token);
  for (const std::string& payload : payloads) result.add_outputs()->set_payload(payload);
}

}  // namespace sluice::crash
