// A caller that writes down what it is answered.
#pragma once

#include <string>
#include <vector>

#include "server/engine/effects.h"

namespace sluice::engine::testing {

class TestCaller final : public Caller {
 public:
  explicit TestCaller(std::string name = "caller") : name_(std::move(name)) {}

  void answer(Answer&& answer) override;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }
  // The final answer is still to come.
  [[nodiscard]] bool waiting() const { return !finished_; }
  // The last answer as one word: "waiting", "ok", "done" (a join), "none" and "end" (a get without items: time up, end of
  // the queue), or the name of the error's reason.
  [[nodiscard]] std::string outcome() const;
  // Of the last answer.
  [[nodiscard]] absl::Status status() const;

  [[nodiscard]] const PutAnswer& put() const { return std::get<PutAnswer>(answers_.at(answers_.size() - 1)); }
  [[nodiscard]] const GetAnswer& get() const { return std::get<GetAnswer>(answers_.at(answers_.size() - 1)); }
  [[nodiscard]] const JoinAnswer& join() const { return std::get<JoinAnswer>(answers_.at(answers_.size() - 1)); }
  // The jobs of which an await was told so far, in the order of the telling.
  [[nodiscard]] std::vector<std::uint64_t> ended_jobs() const;
  // The payloads that a get brought, in their order.
  [[nodiscard]] std::vector<std::string> payloads() const;

 private:
  std::string name_;
  std::vector<Answer> answers_;
  bool finished_ = false;
};

// "OK" or the reason's name, QUEUE_FULL and so on; "?" for a status that has no reason.
[[nodiscard]] std::string reason_name(const absl::Status& status);

[[nodiscard]] std::vector<std::string> payloads_of(const std::vector<model::Delivery>& items);

}  // namespace sluice::engine::testing
