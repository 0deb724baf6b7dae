// Named limits: what the stages that name one may use together, and in which order they get it.
//
// A stage's item uses one of each of its stage's limits from when it is handed out until its worker is done with it: it is
// completed, failed, given back or lost, or its completion waits for room, which may take long and uses nothing. A stage that
// has work and workers, but finds a limit exhausted, stands in the lines of all its limits until it has got one item; then it
// stands behind the others. It goes when it is the first in all of its lines and all of its limits have room. Stages enter all
// their lines at once, so that the order of any two is the same in all, and nobody is overtaken for ever.
#pragma once

#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/timed.h"
#include "server/engine/token_bucket.h"
#include "server/engine/views.h"
#include "server/model/limit_spec.h"

namespace sluice::engine {

struct Item;
struct Stage;
struct Step;

// Due when the next item may be handed out, while somebody waits for that.
struct Limit : Timed {
  Limit() : Timed(TimedKind::kLimit) {}

  model::LimitSpec spec;
  TokenBucket bucket;
  std::uint32_t in_use = 0;
  std::vector<Stage*> stages;  // that name it
  std::list<Stage*> line;      // of them, those that wait

  [[nodiscard]] bool has_room(base::Time now) const {
    return (spec.max_at_once == 0 || in_use < spec.max_at_once) && bucket.ready() <= now;
  }
};

// Shared with the items that use them.
using Limits = std::vector<std::shared_ptr<Limit>>;

absl::Status create_limit(Step& step, const model::LimitSpec& spec);
absl::Status update_limit(Step& step, Limit& limit, const model::LimitPatch& patch);
absl::Status delete_limit(Step& step, Limit& limit);
// INVALID errors of base/errors.h where there is none of this name.
[[nodiscard]] absl::Status check_limits(const Step& step, const model::StageSpec& stage);

// A stage with limits comes or goes.
void bind_limits(Step& step, Stage& stage);
void unbind_limits(Step& step, Stage& stage);

// Takes one of each limit of the stage for one item, if all have room and nobody is to go before. What the item uses belongs to
// its holder until give_back().
bool acquire(Step& step, Stage& stage);
void give_back(Step& step, Item& item);

// It is the stage's turn only when those before it in its lines have gone.
void enter_lines(Step& step, Stage& stage);
void leave_lines(Step& step, Stage& stage);
// Serves those who wait for this limit as far as it has room.
void settle(Step& step, Limit& limit);

[[nodiscard]] LimitView view_of(const Limit& limit, base::Time now);
// Why a stage that stands in line has to wait: the limit that it waits for, and how that stands.
[[nodiscard]] std::string why_waits(const Stage& stage, base::Time now);

}  // namespace sluice::engine
