// Limits and start barriers in the random pipelines: what is made of them, and what must hold of them after every command.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/flow.h"
#include "tests/sim/world.h"

namespace sluice::sim {

using model::StageState;

namespace {

// What a microsecond brings at the highest rate here: so much early an item may be.
constexpr double kRounding = 0.004;

bool is_limited(const model::StageSpec& stage, const std::string& limit) {
  return std::ranges::find(stage.limits, limit) != stage.limits.end();
}

}  // namespace

void Flow::build_limits() {
  for (const char* name : {"l0", "l1", "l2"}) {
    model::LimitSpec spec{.name = name};
    if (random_.chance(70)) spec.max_at_once = static_cast<std::uint32_t>(random_.between(1, 3));
    if (spec.max_at_once == 0 || random_.chance(30)) spec.per_second = static_cast<double>(random_.between(200, 3'000));
    spec.burst = static_cast<std::uint32_t>(random_.between(1, 4));
    if (spec.per_second > 0.0) tokens_[name] = spec.burst;
    counted_[name] = now_;
    limits_[name] = spec;
    engine::Effects effects;
    if (!engine_->create_limit(now_, spec, effects).ok()) throw Mismatch("create_limit");
    store_.apply(effects.records);
  }
  for (model::StageSpec& stage : spec_.stages) {
    for (const char* name : {"l0", "l1", "l2"}) {
      if (random_.chance(25)) stage.limits.emplace_back(name);
    }
    if (random_.chance(60)) stage.start_workers = static_cast<std::uint32_t>(random_.between(1, 2));
  }
}

void Flow::change_a_limit() {
  const std::string name = fmt::format("l{}", random_.below(3));
  const auto before = engine_->limit(now_, name);
  if (before->spec.per_second > 0.0 && random_.chance(60)) return change_a_rate(name);
  if (before->spec.max_at_once == 0) return;
  const auto most = static_cast<std::uint32_t>(random_.between(1, 3));
  apply(fmt::format("lower or raise {} to {}", name, most), [&](engine::Effects& out) {
    ++outcomes_["update limit"];
    limits_[name].max_at_once = most;
    if (!engine_->update_limit(now_, name, {.max_at_once = most}, out).ok()) throw Mismatch("update_limit");
  });
}

// What was taken before stays taken, as far as the new burst goes.
void Flow::change_a_rate(const std::string& limit) {
  const auto before = engine_->limit(now_, limit)->spec;
  const auto rate = static_cast<double>(random_.between(200, 3'000));
  const auto burst = static_cast<std::uint32_t>(random_.between(1, 4));
  double& tokens = tokens_.at(limit);
  const double gained = std::chrono::duration<double>(now_ - counted_[limit]).count() * before.per_second;
  const double taken = before.burst - std::min(tokens + gained, static_cast<double>(before.burst));
  tokens = burst - std::min(taken, static_cast<double>(burst));
  counted_[limit] = now_;
  apply(fmt::format("let {} give {} a second, {} at once", limit, rate, burst), [&](engine::Effects& out) {
    ++outcomes_["update rate"];
    limits_[limit].per_second = rate;
    limits_[limit].burst = burst;
    if (!engine_->update_limit(now_, limit, {.per_second = rate, .burst = burst}, out).ok()) throw Mismatch("update_limit");
  });
}

const model::StageSpec* Flow::stage_spec(const std::string& name) const {
  const auto found = std::ranges::find(spec_.stages, name, &model::StageSpec::name);
  return found == spec_.stages.end() ? nullptr : &*found;
}

std::size_t Flow::waiting_at(const std::string& stage) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      actors_, [&](const Actor& actor) { return actor.stage == stage && actor.doing == Actor::Doing::kGetting; }));
}

// A worker of a stage was given an item.
void Flow::note_hand_out(const Actor& actor) {
  const model::StageSpec* stage = stage_spec(actor.stage);
  if (stage == nullptr) return;
  uses_[actor.item.lease] = stage->name;
  if (!started_.contains(stage->name)) {
    const bool one_more = makes(FlowMistake::kStartsNeedOneMore) && stage->start_workers > 0;
    if (ready_at_begin_[stage->name] < stage->start_workers + (one_more ? 1U : 0U)) {
      throw Mismatch(fmt::format("{} gets an item, with {} of {} workers ready", stage->name, ready_at_begin_[stage->name],
                                 stage->start_workers));
    }
    if (stage->start_workers > 1) ++outcomes_["started"];
    started_.insert(stage->name);
  }
  for (auto& [limit, tokens] : tokens_) {
    if (!is_limited(*stage, limit)) continue;
    const auto spec = engine_->limit(now_, limit)->spec;
    const double gained = std::chrono::duration<double>(now_ - counted_[limit]).count() * spec.per_second *
                          (makes(FlowMistake::kRatesAreHalf) ? 0.5 : 1.0);
    tokens = std::min(tokens + gained, static_cast<double>(spec.burst)) - 1.0;
    counted_[limit] = now_;
    if (tokens < -kRounding) throw Mismatch(fmt::format("limit {} gives more than its rate", limit));
  }
}

void Flow::check_gates(const engine::PipelineView& view) {
  for (const Actor& actor : actors_) {
    // What waits for room uses nothing, and does not begin to again.
    if (actor.doing == Actor::Doing::kCompleting) uses_.erase(actor.item.lease);
  }
  std::erase_if(uses_, [this](const auto& entry) { return !engine_->is_leased(entry.first); });
  const auto limits = engine_->list_limits(now_, "", 100);
  for (const engine::LimitView& limit : limits) check_use(limit);
  check_turns(limits);
  for (const engine::StageView& stage : view.stages) {
    if (stage.state != StageState::kRunning || waiting_at(stage.spec.name) < stage.spec.start_workers) continue;
    started_.insert(stage.spec.name);
    if (stage.started) continue;
    throw Mismatch(fmt::format("{} of {} workers of {} are ready, and it has not started", waiting_at(stage.spec.name),
                               stage.spec.start_workers, stage.spec.name));
  }
}

void Flow::check_use(const engine::LimitView& limit) {
  const model::LimitSpec& spec = limits_.at(limit.spec.name);
  const auto kept = store_.limits().find(spec.name);
  if (limit.spec != spec) throw Mismatch(fmt::format("limit {} is not as it was set", spec.name));
  if (kept == store_.limits().end() || kept->second.spec != spec) {
    throw Mismatch(fmt::format("limit {} is not recorded as it was set", spec.name));
  }
  std::uint32_t used = 0;
  for (const auto& [lease, stage] : uses_) {
    if (is_limited(*stage_spec(stage), limit.spec.name)) ++used;
  }
  if (limit.in_use != used) {
    throw Mismatch(fmt::format("limit {} says that {} are in use, which are {}", limit.spec.name, limit.in_use, used));
  }
  const std::uint32_t less = makes(FlowMistake::kLimitsHoldOneLess) && limit.spec.max_at_once > 1 ? 1 : 0;
  const std::uint32_t most = limit.spec.max_at_once - less;
  if (most > 0 && used > most && used > used_[limit.spec.name]) {
    throw Mismatch(fmt::format("{} use limit {} of {}", used, limit.spec.name, most));
  }
  used_[limit.spec.name] = used;
  if (!limit.waiting.empty()) ++outcomes_["waits for a limit"];
}

// Whoever is the first in all of its lines, with room in all of its limits, is served and does not wait.
void Flow::check_turns(const std::vector<engine::LimitView>& limits) {
  for (const model::StageSpec& stage : spec_.stages) {
    std::size_t lines = 0;
    std::size_t free = 0;
    for (const engine::LimitView& limit : limits) {
      if (!is_limited(stage, limit.spec.name)) continue;
      const auto mine = std::ranges::find(limit.waiting, stage.name, &engine::StageName::stage);
      lines += mine != limit.waiting.end() ? 1U : 0U;
      const bool room = limit.spec.max_at_once == 0 || limit.in_use < limit.spec.max_at_once;
      free += mine == limit.waiting.begin() && room && !limit.ready ? 1U : 0U;
    }
    if (lines > 0 && lines < stage.limits.size()) throw Mismatch(stage.name + " does not stand in all of its lines");
    if (lines == 0) continue;
    if (free == lines) throw Mismatch(stage.name + " waits for limits that have room");
    const auto input = engine_->queue(now_, stage.input);
    if (input->waiting == 0 || input->paused || waiting_at(stage.name) == 0) {
      throw Mismatch(stage.name + " stands in line, and could take nothing");
    }
  }
}

}  // namespace sluice::sim
