// How time passes in the world, and how its server dies and comes back.
#include <algorithm>

#include "tests/sim/compare.h"
#include "tests/sim/world.h"

namespace sluice::sim {

void World::run_due() {
  both(
      "run due",
      [&](engine::Effects& out) {
        const Time next = engine_->run_due(now_, out);
        if (next <= now_ || next != engine_->next_due()) throw Mismatch("run_due left something behind");
        return "";
      },
      [&] {
        reference_.run_due();
        return "";
      });
}

void World::pass(Duration time) {
  const Time end = now_ + time;
  for (int turns = 0;; ++turns) {
    const Time next = std::min(engine_->next_due(), reference_.next_due());
    if (next > end) break;
    if (turns > 100'000) throw Mismatch("run_due does not get on");
    now_ = std::max(now_, next);
    run_due();
  }
  now_ = end;
}

void World::jump(Duration time) {
  now_ += time;
  run_due();
}

void World::oversleep(Duration time) { now_ += time; }

void World::restart() {
  invariants_.restart();
  both(
      "restart",
      [&](engine::Effects& out) {
        engine_ = std::make_unique<engine::Engine>(options_);
        for (model::Record& record : store_.load())
          engine_->restore(std::move(record)).IgnoreError();  // whatever is missing shows
        engine_->finish_restore(now_, out);
        return "";
      },
      [&] {
        reference_.restart();
        return "";
      });
}

void World::check_recovery() {
  engine::Engine second(options_);
  for (model::Record& record : store_.load()) second.restore(std::move(record)).IgnoreError();
  engine::Effects effects;
  second.finish_restore(now_, effects);
  Reference expected = reference_;
  expected.begin(now_, &choices_);
  expected.restart();
  note("check recovery");
  engine::testing::RecordStore store = store_;
  store.apply(effects.records);
  compare_state(second, store, expected);
  compare_schedules(second, expected);
}

}  // namespace sluice::sim
