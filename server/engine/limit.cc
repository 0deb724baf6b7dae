#include "server/engine/limit.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/counted.h"
#include "server/engine/delivery.h"
#include "server/engine/engine.h"
#include "server/engine/gate.h"
#include "server/engine/state.h"

namespace sluice::engine {
namespace {

using base::Reason;

absl::Status no_limit(std::string_view name) {
  return base::error(Reason::kLimitNotFound, fmt::format("no limit \"{}\"; create it first", name));
}

absl::Status check_bounds(const model::LimitSpec& spec) {
  if (spec.max_at_once > 0 || spec.per_second > 0.0) return absl::OkStatus();
  return base::error(Reason::kInvalidValue,
                     fmt::format("limit \"{}\" would limit nothing; give it max_at_once, per_second, or both", spec.name));
}

std::shared_ptr<Limit> find(const Step& step, std::string_view name) {
  const auto found = step.tables.limits.find(name);
  return found == step.tables.limits.end() ? nullptr : found->second;
}

void look_again(Step& step, const std::shared_ptr<Limit>& limit) { step.tables.limits_to_settle.push_back(limit); }

bool is_its_turn(const Stage& stage, const Limit& limit) { return limit.line.empty() || limit.line.front() == &stage; }

bool may_take(const Stage& stage, base::Time now) {
  return std::ranges::all_of(*stage.limits,
                             [&](const auto& limit) { return is_its_turn(stage, *limit) && limit->has_room(now); });
}

// Hands the stage what it waits for. False if it has to wait longer.
bool serve(Step& step, Stage& stage) {
  if (!may_take(stage, step.now)) return false;
  serve_one(step, stage);
  if (wants_its_turn(stage)) enter_lines(step, stage);
  return true;
}

}  // namespace

absl::Status create_limit(Step& step, const model::LimitSpec& spec) {
  if (find(step, spec.name) != nullptr) {
    return base::error(Reason::kLimitExists, fmt::format("limit \"{}\" exists already; update it", spec.name));
  }
  if (step.tables.limits.size() >= limits::kMaxLimits) {
    return base::error(Reason::kLimitReached,
                       fmt::format("there are {} limits already, the most that the server allows", limits::kMaxLimits));
  }
  if (auto status = check_bounds(spec); !status.ok()) return status;
  const auto limit = std::make_shared<Limit>();
  limit->spec = spec;
  limit->bucket.set(step.now, spec.per_second, spec.burst);
  step.tables.limits.emplace(spec.name, limit);
  step.record(model::LimitRecord{spec});
  return absl::OkStatus();
}

absl::Status update_limit(Step& step, Limit& limit, const model::LimitPatch& patch) {
  const model::LimitSpec spec = patch.applied_to(limit.spec);
  if (auto status = check_bounds(spec); !status.ok()) return status;
  limit.spec = spec;
  limit.bucket.set(step.now, spec.per_second, spec.burst);
  step.record(model::LimitRecord{spec});
  look_again(step, find(step, spec.name));
  return absl::OkStatus();
}

absl::Status delete_limit(Step& step, Limit& limit) {
  if (!limit.stages.empty()) {
    const Stage& stage = *limit.stages.front();
    return base::error(Reason::kLimitInUse,
                       fmt::format("stage \"{}\" of pipeline \"{}\" names limit \"{}\"; delete the pipeline", stage.spec.name,
                                   stage.pipeline->name, limit.spec.name));
  }
  if (limit.in_use > 0) {
    return base::error(Reason::kLimitInUse,
                       fmt::format("{} of a deleted pipeline still {} limit \"{}\"; try again later",
                                   base::counted(limit.in_use, "item"), limit.in_use == 1 ? "uses" : "use", limit.spec.name));
  }
  step.record(model::LimitErased{limit.spec.name});
  step.tables.limits.erase(step.tables.limits.find(limit.spec.name));
  return absl::OkStatus();
}

absl::Status check_limits(const Step& step, const model::StageSpec& stage) {
  for (const auto& name : stage.limits) {
    if (find(step, name) == nullptr) return no_limit(name);
  }
  return absl::OkStatus();
}

void bind_limits(Step& step, Stage& stage) {
  if (stage.spec.limits.empty()) return;
  auto bound = std::make_shared<Limits>();
  for (const auto& name : stage.spec.limits) {
    bound->push_back(find(step, name));
    bound->back()->stages.push_back(&stage);
  }
  stage.limits = std::move(bound);
}

void unbind_limits(Step& step, Stage& stage) {
  if (!stage.limits) return;
  leave_lines(step, stage);
  for (const auto& limit : *stage.limits) std::erase(limit->stages, &stage);
}

bool acquire(Step& step, Stage& stage) {
  if (!may_take(stage, step.now)) return false;
  for (const auto& limit : *stage.limits) {
    ++limit->in_use;
    limit->bucket.take(step.now);
  }
  leave_lines(step, stage);
  return true;
}

void give_back(Step& step, Item& item) {
  item.counts = false;
  for (const auto& limit : *item.holder->limits) {
    --limit->in_use;
    if (!limit->line.empty()) look_again(step, limit);
  }
}

void enter_lines(Step& step, Stage& stage) {
  if (stage.in_line) return;
  stage.in_line = true;
  for (const auto& limit : *stage.limits) {
    limit->line.push_back(&stage);
    look_again(step, limit);
  }
}

void leave_lines(Step& step, Stage& stage) {
  if (!stage.in_line) return;
  stage.in_line = false;
  for (const auto& limit : *stage.limits) {
    limit->line.remove(&stage);
    if (limit->line.empty()) {
      step.tables.timers.cancel(*limit);
    } else {
      look_again(step, limit);
    }
  }
}

void settle(Step& step, Limit& limit) {
  while (!limit.line.empty()) {
    Stage& first = *limit.line.front();
    if (!wants_its_turn(first)) {
      tend_gate(step, first);
      step.touch(*first.input);
    } else if (!serve(step, first)) {
      const base::Time ready = limit.bucket.ready();
      return step.tables.timers.set(limit, ready > step.now ? ready : base::kNever);
    }
  }
}

LimitView view_of(const Limit& limit, base::Time now) {
  LimitView view{.spec = limit.spec, .in_use = limit.in_use};
  if (const base::Time ready = limit.bucket.ready(); ready > now) view.ready = ready;
  const auto name_of = [](const Stage* stage) { return StageName{stage->pipeline->name, stage->spec.name}; };
  std::ranges::transform(limit.stages, std::back_inserter(view.stages), name_of);
  std::ranges::transform(limit.line, std::back_inserter(view.waiting), name_of);
  return view;
}

std::string why_waits(const Stage& stage, base::Time now) {
  for (const auto& limit : *stage.limits) {
    const model::LimitSpec& spec = limit->spec;
    if (spec.max_at_once > 0 && limit->in_use >= spec.max_at_once) {
      return fmt::format("limit \"{}\" ({} of {} in use)", spec.name, limit->in_use, spec.max_at_once);
    }
    if (limit->bucket.ready() > now) {
      const double wait = std::chrono::duration<double>(limit->bucket.ready() - now).count();
      return fmt::format("limit \"{}\" ({:g} a second, the next in {:.1f} s)", spec.name, spec.per_second, wait);
    }
    if (!is_its_turn(stage, *limit)) {
      const Stage& first = *limit->line.front();
      return fmt::format("limit \"{}\", behind stage \"{}\" of pipeline \"{}\"", spec.name, first.spec.name,
                         first.pipeline->name);
    }
  }
  return "its turn";
}

absl::Status Engine::create_limit(base::Time now, const model::LimitSpec& spec, Effects& out) {
  return state_->command(now, out, [&](Step& step) { return engine::create_limit(step, spec); });
}

absl::Status Engine::update_limit(base::Time now, std::string_view name, const model::LimitPatch& patch, Effects& out) {
  return state_->command(now, out, [&](Step& step) {
    const auto limit = find(step, name);
    return limit != nullptr ? engine::update_limit(step, *limit, patch) : no_limit(name);
  });
}

absl::Status Engine::delete_limit(base::Time now, std::string_view name, Effects& out) {
  return state_->command(now, out, [&](Step& step) {
    const auto limit = find(step, name);
    return limit != nullptr ? engine::delete_limit(step, *limit) : no_limit(name);
  });
}

absl::StatusOr<LimitView> Engine::limit(base::Time now, std::string_view name) const {
  const auto found = state_->tables.limits.find(name);
  if (found == state_->tables.limits.end()) return no_limit(name);
  return view_of(*found->second, now);
}

std::vector<LimitView> Engine::list_limits(base::Time now, std::string_view after, std::size_t limit) const {
  std::vector<LimitView> views;
  const auto& all = state_->tables.limits;
  for (auto next = all.upper_bound(after); next != all.end() && views.size() < limit; ++next) {
    views.push_back(view_of(*next->second, now));
  }
  return views;
}

}  // namespace sluice::engine
