#include "tests/sim/flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "server/base/errors.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

constexpr std::size_t kLogLines = 40;
constexpr std::string_view kName = "flow";

model::BodyPtr body_of(const std::string& payload) {
  auto body = std::make_shared<model::Body>();
  body->payload = payload;
  return body;
}

std::string word(const absl::Status& status) {
  if (status.ok()) return "ok";
  const auto reason = base::reason_of(status);
  return reason ? std::string(base::info(*reason).name) : status.ToString();
}

}  // namespace

Flow::Flow(std::uint64_t seed, FlowSabotage sabotage) : sabotage_(std::move(sabotage)), random_(seed) {
  options_.seed = seed;
  engine_ = std::make_unique<engine::Engine>(options_);
  build();
}

// Stages in a row, some of which skip queues ahead, so that several feed one queue; nothing goes in a circle.
void Flow::build() {
  spec_.name = kName;
  const std::int64_t length = random_.between(1, 5);
  for (std::int64_t i = 0; i <= length; ++i) {
    model::QueueSpec queue{.name = fmt::format("q{}", i), .settings = {}};
    queue.settings.capacity = random_.chance(10) ? 0 : random_.between(1, 4);
    queue.settings.order = static_cast<model::QueueOrder>(random_.below(3));
    queue.settings.lease_duration = Duration{random_.between(2'000, 40'000)};
    queue.settings.max_attempts = random_.between(1, 3);
    queue.settings.initial_backoff = random_.chance(50) ? Duration{0} : Duration{random_.between(1, 5'000)};
    if (random_.chance(30)) queue.settings.time_to_live = Duration{random_.between(5'000, 60'000)};
    queue.settings.dead_letter_expired = random_.chance(50);
    spec_.queues.push_back(std::move(queue));
  }
  for (std::int64_t i = 0; i < length; ++i) {
    std::string output = fmt::format("q{}", random_.chance(70) ? i + 1 : random_.between(i + 1, length));
    if (random_.chance(5)) output.clear();
    const auto workers = static_cast<std::uint32_t>(random_.between(0, 3));
    spec_.stages.push_back({fmt::format("s{}", i), fmt::format("q{}", i), output, "h", workers});
  }
  build_limits();
  apply("create pipeline", [this](engine::Effects& out) {
    const absl::Status status = engine_->create_pipeline(now_, spec_, out);
    if (!status.ok()) throw Mismatch("create_pipeline: " + word(status));
  });
  for (const model::StageSpec& stage : spec_.stages) {
    if (feeders(stage.input).empty()) entries_.push_back(stage.input);
  }
  for (int i = 0; i < 3; ++i) actors_.emplace_back().queue = entries_[random_.below(entries_.size())];
  Actor& reader = actors_.emplace_back();
  reader.stage = "reader";
  reader.queue = fmt::format("q{}", length);
  apply("create the queue of callbacks",
        [this](engine::Effects& out) { (void)engine_->create_queue(now_, {.name = "done"}, false, out); });
}

std::vector<const model::StageSpec*> Flow::feeders(const std::string& queue) const {
  std::vector<const model::StageSpec*> feeding;
  for (const model::StageSpec& stage : spec_.stages) {
    if (stage.output == queue) feeding.push_back(&stage);
  }
  return feeding;
}

bool Flow::is_read(const std::string& queue) const {
  return std::ranges::find(spec_.stages, queue, &model::StageSpec::input) != spec_.stages.end();
}

void Flow::apply(std::string what, const std::function<void(engine::Effects&)>& command) {
  log_.push_back(fmt::format("{:>10} {}", (now_ - base::Time{std::chrono::seconds{1'000'000}}).count(), what));
  if (log_.size() > kLogLines) log_.pop_front();
  for (const model::StageSpec& stage : spec_.stages) ready_at_begin_[stage.name] = waiting_at(stage.name);
  engine::Effects effects;
  command(effects);
  if (sabotage_.falsify) sabotage_.falsify(effects);
  store_.apply(effects.records);
  for (const auto& [caller, answer] : effects.answers) {
    const auto actor = std::ranges::find_if(actors_, [to = caller](const Actor& each) { return &each == to; });
    if (actor == actors_.end()) throw Mismatch("an answer to somebody who has gone");
    take_answer(*actor, answer);
  }
  for (const engine::StageChange& change : effects.stage_changes) obey(change);
  check();
}

void Flow::take_answer(Actor& actor, const engine::Answer& answer) {
  const absl::Status status = std::visit([](const auto& each) { return each.status; }, answer);
  ++outcomes_[word(status)];
  if (const auto* news = std::get_if<engine::AwaitAnswer>(&answer)) return take_news(actor, *news);
  if (const auto* joined = std::get_if<engine::JoinAnswer>(&answer)) {
    if (actor.doing != Actor::Doing::kJoining) throw Mismatch("a join is answered again after its end");
    if (status.ok() && !joined->done) return;
    if (joined->done && joined->idle_count < idle_count_) throw Mismatch("idle_count goes back");
    ++outcomes_[joined->done ? "joined" : "join refused"];
    actor.doing = Actor::Doing::kNothing;
    return;
  }
  if (const auto* got = std::get_if<engine::GetAnswer>(&answer)) return take_item(actor, *got);
  const bool completing = std::holds_alternative<engine::CompleteAnswer>(answer);
  if (actor.doing != (completing ? Actor::Doing::kCompleting : Actor::Doing::kPutting)) {
    throw Mismatch("an answer to a question that nobody asked");
  }
  actor.doing = Actor::Doing::kNothing;
  if (status.ok()) {
    if (completing) {
      ++dones_[actor.queue];
      if (alive_.erase(actor.item.body->payload) == 0) throw Mismatch("an item is completed twice");
      note_completed(actor.item.body->payload, actor.moving);
    } else if (actor.submission) {
      note_submitted(actor, number(std::get<engine::PutAnswer>(answer).first));
    }
    for (const auto& [payload, queue] : actor.moving) {
      ++puts_[queue];
      note_alive(payload, queue);
    }
  } else if (completing && word(status) != "LEASE_LOST") {
    actor.doing = Actor::Doing::kHolding;
  }
  actor.moving.clear();
  actor.submission.reset();
}

void Flow::take_item(Actor& actor, const engine::GetAnswer& answer) {
  if (actor.doing != Actor::Doing::kGetting) throw Mismatch("an answer to a get that nobody made");
  actor.doing = Actor::Doing::kNothing;
  if (answer.end_of_queue) {
    ++outcomes_["end"];
    // The loop of a worker ends here. It reports so when its turn comes, and nobody is hired in its place.
    actor.ended = true;
    if (actor.stage != "reader" && actor.remote == model::WorkerId{}) hiring_.erase(actor.stage);
  }
  if (answer.items.empty()) return;
  actor.item = answer.items.front();
  if (actor.remote != model::WorkerId{}) {
    ++outcomes_["remote item"];
    const auto view = engine_->pipeline(now_, kName);
    for (const engine::StageView& stage : view->stages) {
      const bool paused = stage.spec.name == actor.stage && stage.state == model::StageState::kPaused;
      if (paused) throw Mismatch("a remote worker of a paused stage gets an item");
    }
  }
  actor.doing = Actor::Doing::kHolding;
  note_hand_out(actor);
  if (!alive_.contains(actor.item.body->payload)) throw Mismatch("an item is handed out that nobody put");
  if (end_of(actor.item.body->payload) <= now_) throw Mismatch("an item is handed out after its time to live");
}

void Flow::obey(const engine::StageChange& change) {
  if (change.deleted) throw Mismatch("nobody deleted the pipeline");
  wanted_[change.spec.name] = change.wanted_workers;
  hiring_.insert(change.spec.name);
}

// The server's part: as many workers as the engine wants. Surplus ones end what they hold first.
void Flow::hire_and_fire() {
  for (const model::StageSpec& stage : spec_.stages) {
    std::vector<Actor*> workers;
    for (Actor& actor : actors_) {
      if (actor.stage == stage.name && actor.remote == model::WorkerId{}) workers.push_back(&actor);
    }
    for (std::size_t count = workers.size(); count < wanted_[stage.name] && hiring_.contains(stage.name); ++count) {
      Actor& worker = actors_.emplace_back();
      worker.stage = stage.name;
      worker.queue = stage.input;
      apply("start a worker of " + stage.name,
            [&](engine::Effects& out) { engine_->worker_started(now_, kName, stage.name, out); });
    }
    std::size_t surplus = workers.size() > wanted_[stage.name] ? workers.size() - wanted_[stage.name] : 0;
    for (Actor* worker : workers) {
      const bool idle = worker->doing == Actor::Doing::kNothing || worker->doing == Actor::Doing::kGetting;
      if (!idle || (surplus == 0 && !worker->ended)) continue;
      if (surplus > 0) --surplus;
      retire(*worker);
    }
  }
}

void Flow::retire(Actor& actor) {
  const std::string stage = actor.stage;
  if (actor.doing != Actor::Doing::kNothing) {
    bool taken_back = false;
    apply("withdraw a worker of " + stage, [&](engine::Effects& out) { taken_back = engine_->withdraw(now_, actor, out); });
    if (!taken_back) throw Mismatch("a get that waits cannot be withdrawn");
  }
  actors_.remove_if([&](const Actor& each) { return &each == &actor; });
  apply("stop a worker of " + stage, [&](engine::Effects& out) { engine_->worker_stopped(now_, kName, stage, out); });
}

void Flow::step() {
  hire_and_fire();
  switch (random_.weighted({60, 20, 15, 3, 2, 4, 5, 3, 1})) {
    case 0: {
      auto actor = actors_.begin();
      std::advance(actor, random_.below(actors_.size()));
      return act(*actor);
    }
    case 1:
      return produce();
    case 2:
      return pass_time();
    case 3:
      return control_a_stage();
    case 4:
      return join();
    case 5:
      return come_or_go();
    case 6:
      return do_with_jobs();
    case 7:
      return end_some();
    default:
      if (random_.chance(20)) restart();
  }
}

void Flow::produce() {
  for (Actor& actor : actors_) {
    const bool free_producer = actor.stage.empty() && actor.doing == Actor::Doing::kNothing;
    if (!free_producer || random_.chance(50)) continue;
    const std::string payload = fmt::format("i{}", ++last_payload_);
    actor.doing = Actor::Doing::kPutting;
    actor.moving = {{payload, actor.queue}};
    engine::PutCommand command{.queue = actor.queue};
    command.items.push_back({.body = body_of(payload)});
    command.give_up = random_.chance(30) ? now_ : now_ + Duration{random_.between(1, 20'000)};
    if (random_.chance(50)) submit(actor, command);
    return apply(fmt::format("put {} into {}", payload, actor.queue),
                 [&](engine::Effects& out) { engine_->put(now_, std::move(command), actor, out); });
  }
}

void Flow::act(Actor& actor) {
  if (actor.stage.empty() || actor.stage == "joiner" || actor.stage == "awaiter") return;
  if (actor.doing == Actor::Doing::kNothing && !actor.ended) return take(actor);
  if (actor.doing == Actor::Doing::kHolding) return end_item(actor);
}

void Flow::take(Actor& actor) {
  actor.doing = Actor::Doing::kGetting;
  engine::GetCommand command{.queue = actor.queue, .stage = actor.stage};
  command.worker = actor.remote;
  if (actor.remote == model::WorkerId{} && actor.stage != "reader") command.pipeline = kName;
  if (actor.remote != model::WorkerId{}) command.lease_duration = Duration::max();
  apply(fmt::format("{} gets from {}", actor.stage, actor.queue),
        [&](engine::Effects& out) { engine_->get(now_, command, actor, out); });
}

void Flow::end_item(Actor& actor) {
  if (random_.chance(closing_ ? 95 : 80)) return complete(actor);
  give_up(actor);
}

void Flow::complete(Actor& actor) {
  engine::CompleteCommand command{.queue = actor.queue, .lease = actor.item.lease};
  std::string text;
  const auto stage = std::ranges::find(spec_.stages, actor.stage, &model::StageSpec::name);
  if (stage != spec_.stages.end() && !stage->output.empty()) {
    const bool can_take_two = spec_.queues.back().settings.capacity.value_or(0) != 1;
    const int count = random_.chance(10) && can_take_two ? 2 : 1;
    for (int i = 0; i < count; ++i) {
      // The second one goes past the stages, to the end.
      const std::string& queue = i == 0 ? stage->output : spec_.queues.back().name;
      const std::string payload = fmt::format("i{}", ++last_payload_);
      command.outputs.push_back({.queue = queue, .item = {.body = body_of(payload)}});
      actor.moving.emplace_back(payload, queue);
      text += fmt::format(" {}->{}", payload, queue);
    }
  }
  if (random_.chance(20)) command.give_up = random_.chance(50) ? now_ : now_ + Duration{random_.between(1, 20'000)};
  actor.doing = Actor::Doing::kCompleting;
  apply(fmt::format("{} completes {} of {}{}", actor.stage, actor.item.body->payload, actor.queue, text),
        [&](engine::Effects& out) { engine_->complete(now_, std::move(command), actor, out); });
}

// Fails, gives back, or forgets what it holds.
void Flow::give_up(Actor& actor) {
  actor.doing = Actor::Doing::kNothing;
  const std::string what = fmt::format("{} {} of {}", actor.stage, actor.item.body->payload, actor.queue);
  switch (random_.below(3)) {
    case 0:
      return apply(what + " fails", [&](engine::Effects& out) {
        engine::FailCommand command{.queue = actor.queue, .lease = actor.item.lease};
        command.do_not_retry = random_.chance(20);
        ++outcomes_["fail " + word(engine_->fail(now_, std::move(command), out))];
      });
    case 1:
      return apply(what + " is released", [&](engine::Effects& out) {
        ++outcomes_["release " + word(engine_->release(now_, actor.queue, actor.item.lease, out))];
      });
    default:
      // Nobody extends a remote worker's lease, and nothing ends it but its stream.
      if (actor.remote != model::WorkerId{}) return lose(actor);
      return apply(what + " is forgotten", [](engine::Effects&) {});
  }
}

void Flow::come_or_go() {
  std::vector<Actor*> attached;
  for (Actor& actor : actors_) {
    if (actor.remote != model::WorkerId{}) attached.push_back(&actor);
  }
  if (attached.empty() || (attached.size() < 4 && random_.chance(60))) return attach();
  vanish(*attached[random_.below(attached.size())]);
}

void Flow::attach() {
  const model::StageSpec& stage = spec_.stages[random_.below(spec_.stages.size())];
  Actor& actor = actors_.emplace_back();
  actor.stage = stage.name;
  actor.queue = stage.input;
  engine::Effects effects;
  const auto attached = engine_->attach_worker(now_, kName, stage.name, "remote", "host", effects);
  if (!attached.ok()) throw Mismatch("attach_worker: " + word(attached.status()));
  actor.remote = attached->worker;
  ++outcomes_["attached"];
  apply("attach a worker to " + stage.name, [&](engine::Effects& out) { out = std::move(effects); });
}

// Its stream has broken.
void Flow::vanish(Actor& actor) {
  if (actor.doing == Actor::Doing::kGetting) {
    bool taken_back = false;
    apply("withdraw a remote worker", [&](engine::Effects& out) { taken_back = engine_->withdraw(now_, actor, out); });
    if (!taken_back) throw Mismatch("a remote worker's get cannot be withdrawn");
  } else if (actor.doing != Actor::Doing::kNothing) {
    lose(actor);
  }
  const model::WorkerId gone = actor.remote;
  actors_.remove_if([&](const Actor& each) { return &each == &actor; });
  apply("detach a remote worker", [&](engine::Effects& out) { engine_->detach_worker(now_, gone, out); });
}

void Flow::lose(Actor& actor) {
  const model::LeaseId lease = actor.item.lease;
  apply(fmt::format("{} of {} is lost", actor.item.body->payload, actor.queue), [&](engine::Effects& out) {
    ++outcomes_["lose " + word(engine_->lose(now_, actor.queue, std::span(&lease, 1), out))];
  });
  actor.doing = Actor::Doing::kNothing;
}

void Flow::control_a_stage() {
  if (random_.chance(25)) return change_a_limit();
  const std::string& stage = spec_.stages[random_.below(spec_.stages.size())].name;
  if (random_.chance(40)) {
    const auto workers = static_cast<std::uint32_t>(random_.between(0, 4));
    return apply(fmt::format("scale {} to {}", stage, workers), [&](engine::Effects& out) {
      ++outcomes_["scale " + word(engine_->scale_stage(now_, kName, stage, workers, out))];
    });
  }
  const bool pause = random_.chance(40);
  apply(fmt::format("{} {}", pause ? "pause" : "resume", stage), [&](engine::Effects& out) {
    const absl::Status status =
        pause ? engine_->pause_stage(now_, kName, stage, out) : engine_->resume_stage(now_, kName, stage, out);
    ++outcomes_[word(status)];
  });
}

void Flow::join() {
  const auto joining = std::ranges::count(actors_, Actor::Doing::kJoining, &Actor::doing);
  if (joining >= 3) return;
  Actor& joiner = actors_.emplace_back();
  joiner.stage = "joiner";
  joiner.doing = Actor::Doing::kJoining;
  engine::JoinCommand command;
  command.name = kName;
  apply("join", [&](engine::Effects& out) { engine_->join_pipeline(now_, command, joiner, out); });
}

void Flow::pass_time() {
  const base::Time end = now_ + Duration{random_.between(0, 5'000)};
  while (engine_->next_due() <= end) {
    now_ = std::max(now_, engine_->next_due());
    apply("run due", [this](engine::Effects& out) { engine_->run_due(now_, out); });
  }
  now_ = end;
}

// Whoever worked or waited is gone.
void Flow::restart() {
  actors_.remove_if([](const Actor& actor) { return !actor.stage.empty() && actor.stage != "reader"; });
  for (Actor& actor : actors_) {
    actor.doing = Actor::Doing::kNothing;
    actor.moving.clear();
    actor.submission.reset();
  }
  wanted_.clear();
  uses_.clear();
  started_.clear();
  for (auto& [limit, tokens] : tokens_) tokens = 0.0;
  for (auto& [limit, time] : counted_) time = now_;
  apply("restart", [this](engine::Effects& out) {
    engine_ = std::make_unique<engine::Engine>(options_);
    for (model::Record& record : store_.load()) engine_->restore(std::move(record)).IgnoreError();  // whatever is missing shows
    engine_->finish_restore(now_, out);
  });
}

void Flow::wind_down() {
  closing_ = true;
  const bool immediate = random_.chance(20);
  apply(immediate ? "close at once" : "close", [&](engine::Effects& out) {
    if (immediate) {
      for (const model::StageSpec& stage : spec_.stages) {
        const auto lost = engine_->peek(stage.input, std::nullopt, 0, 1'000);
        for (const engine::PeekedItem& item : *lost) {
          if (item.state == model::ItemState::kLeased) continue;
          note_gone(item.body->payload, model::JobState::kDiscarded);
        }
      }
    }
    const absl::Status status = engine_->close_pipeline(now_, kName, immediate, out);
    if (!status.ok()) throw Mismatch("close_pipeline: " + word(status));
  });
  for (const model::StageSpec& stage : spec_.stages) {
    const bool paused = engine_->pipeline(now_, kName)->finished;
    if (paused) break;
    apply("resume " + stage.name, [&](engine::Effects& out) { (void)engine_->resume_stage(now_, kName, stage.name, out); });
    apply("scale " + stage.name, [&](engine::Effects& out) { (void)engine_->scale_stage(now_, kName, stage.name, 2, out); });
  }
  join();
  for (int turns = 0; !engine_->pipeline(now_, kName)->finished; ++turns) {
    if (turns > 100'000) throw Mismatch("the pipeline does not wind down");
    hire_and_fire();
    auto actor = actors_.begin();
    std::advance(actor, random_.below(actors_.size()));
    act(*actor);
    if (random_.chance(20)) pass_time();
  }
  hire_and_fire();
  const auto joining = std::ranges::find(actors_, Actor::Doing::kJoining, &Actor::doing);
  if (joining != actors_.end()) throw Mismatch("the pipeline is finished, and a join still waits");
  ++outcomes_["wound down"];
}

}  // namespace sluice::sim
