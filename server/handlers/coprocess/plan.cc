#include "server/handlers/coprocess/plan.h"

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/handlers/process/check.h"

namespace sluice::handlers {
namespace {

std::vector<const char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::Status check(const CoprocessSpec& spec) {
  const auto bad = [](std::string_view message) { return base::error(base::Reason::kInvalidValue, message); };
  if (auto checked = check_command(spec.command, ""); !checked.ok()) return checked;
  if (spec.processes < 1 || spec.processes > limits::kMaxCoprocesses) {
    return bad(fmt::format("processes: 1 to {}", limits::kMaxCoprocesses));
  }
  if (spec.in_flight < 1 || spec.in_flight > limits::kMaxCoprocessInFlight) {
    return bad(fmt::format("in_flight: 1 to {}", limits::kMaxCoprocessInFlight));
  }
  return check_children(spec);
}

absl::StatusOr<std::shared_ptr<const CoprocessPlan>> CoprocessPlan::make(CoprocessSpec spec) {
  if (auto checked = check(spec); !checked.ok()) return checked;
  return std::shared_ptr<const CoprocessPlan>(new CoprocessPlan(std::move(spec)));
}

CoprocessPlan::CoprocessPlan(CoprocessSpec spec)
    : spec_(std::move(spec)),
      surroundings_(spec_),
      program_(spec_.command, surroundings_),
      protocol_(spec_.protocol == CoprocessProtocol::kLines ? lines() : frames()),
      argv_(pointers_to(program_.argv())),
      env_(pointers_to(surroundings_.env())) {}

}  // namespace sluice::handlers
