#include "tests/engine/test_caller.h"

#include <gtest/gtest.h>

#include "server/base/errors.h"

namespace sluice::engine::testing {

void TestCaller::answer(Answer&& answer) {
  EXPECT_FALSE(finished_) << name_ << " is answered again after its final answer";
  finished_ = is_final(answer);
  answers_.push_back(std::move(answer));
}

absl::Status TestCaller::status() const {
  if (answers_.empty()) return absl::OkStatus();
  return std::visit([](const auto& answer) { return answer.status; }, answers_.back());
}

std::string TestCaller::outcome() const {
  if (!finished_) return "waiting";
  if (!status().ok()) return reason_name(status());
  if (const auto* got = std::get_if<GetAnswer>(&answers_.back()); got != nullptr && got->items.empty()) {
    return got->end_of_queue ? "end" : "none";
  }
  return std::holds_alternative<JoinAnswer>(answers_.back()) ? "done" : "ok";
}

std::vector<std::uint64_t> TestCaller::ended_jobs() const {
  std::vector<std::uint64_t> ids;
  for (const Answer& answer : answers_) {
    for (const model::JobId id : std::get<AwaitAnswer>(answer).ended) ids.push_back(model::number(id));
  }
  return ids;
}

std::vector<std::string> TestCaller::payloads() const {
  if (answers_.empty()) return {};
  return payloads_of(get().items);
}

std::string reason_name(const absl::Status& status) {
  if (status.ok()) return "OK";
  const auto reason = base::reason_of(status);
  return reason ? std::string(base::info(*reason).name) : "?";
}

std::vector<std::string> payloads_of(const std::vector<model::Delivery>& items) {
  std::vector<std::string> payloads;
  for (const model::Delivery& item : items) payloads.push_back(item.body->payload);
  return payloads;
}

}  // namespace sluice::engine::testing
