#include "server/runtime/live_engine.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "server/base/errors.h"

namespace sluice::runtime {
namespace {

using base::Reason;

// Of what will never be committed.
constexpr journal::Position kNeverCommitted = std::numeric_limits<journal::Position>::max();

// Between the last commit and the end of the workers that waited for it.
constexpr base::Duration kLastAnswers = std::chrono::milliseconds(500);

// How often a commit's thread looks for more answers that may leave.
constexpr int kRoundsPerCommit = 4;

// A handler that does not end may still hold the io_context, on a thread that nobody here can end: it stays for good.
void keep_for_good(std::unique_ptr<boost::asio::io_context> io) {
  static auto* const kept = new std::vector<std::unique_ptr<boost::asio::io_context>>;
  kept->push_back(std::move(io));
}

absl::Status shutting_down() { return base::error(Reason::kShuttingDown, "the server is going down; try again in a moment"); }

// What a journal cannot give back must stay in memory.
engine::EngineOptions engine_options(const RuntimeOptions& options, const journal::Journal& journal) {
  engine::EngineOptions engine = options.engine;
  if (!journal.keeps_bodies()) engine.payload_memory_bytes = std::numeric_limits<std::size_t>::max();
  return engine;
}

}  // namespace

Runtime::Impl::Impl(Runtime& runtime, const RuntimeOptions& options, const base::Clock& clock, journal::Journal& journal,
                    const handlers::Registry& handlers)
    : runtime_(runtime),
      options_(options),
      clock_(clock),
      journal_(journal),
      handlers_(handlers),
      io_(std::make_unique<boost::asio::io_context>(static_cast<int>(std::max(options.threads, 1U)))),
      work_(io_->get_executor()),
      engine_(engine_options(options, journal)),
      stages_(runtime, clock, handlers, *io_),
      bodies_(
          journal, [this](model::LeaseId lease) { return is_leased(lease); },
          [this](const absl::Status& failure) { this->on_failed(failure); }),
      releases_([this](engine::Caller& caller, engine::Answer&& answer) { bodies_.give(caller, std::move(answer)); }),
      alarm_(clock, [this] {
        runtime_.apply([](engine::Engine& engine, base::Time now, engine::Effects& effects) { engine.run_due(now, effects); });
      }) {}

absl::Status Runtime::Impl::start(std::function<void(const absl::Status&)> on_failed, const OnRecovery& on_progress) {
  tell_failed_ = std::move(on_failed);
  auto status = recover(journal_, engine_, clock_, on_progress);
  if (!status.ok()) return status;
  status = journal_.start([this](journal::Position position) { on_committed(position); },
                          [this](const absl::Status& failure) { this->on_failed(failure); });
  if (!status.ok()) return status;
  started_ = true;
  if (journal_.keeps_bodies()) bodies_.start();
  for (std::uint32_t i = 0; i < std::max(options_.threads, 1U); ++i) threads_.emplace_back([this] { io_->run(); });
  alarm_.start();
  runtime_.apply([](engine::Engine& engine, base::Time now, engine::Effects& effects) { engine.finish_restore(now, effects); });
  return absl::OkStatus();
}

bool Runtime::Impl::drain(base::Duration limit) {
  stopping_ = true;
  runtime_.apply([this](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    stages_.retire({engine, now, effects});
  });
  if (stages_.wait_until_over(std::clamp(limit, base::Duration(0), limits::kMaxDrainTimeout))) return true;
  runtime_.apply([this](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    stages_.give_up({engine, now, effects});
  });
  return false;
}

void Runtime::Impl::stop() {
  stopping_ = true;
  if (!std::exchange(started_, false)) return;
  runtime_.apply([this](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    stages_.give_up({engine, now, effects});
  });
  const auto latest = std::chrono::steady_clock::now() + limits::kStopTimeout;
  const auto handlers = end_handlers();
  bool over = stages_.wait_until_over(limits::kStopTimeout);
  // What is left then is killed with its context.
  (void)handlers->wait_for_none(std::chrono::duration_cast<base::Duration>(latest - std::chrono::steady_clock::now()));
  end_with(shutting_down());
  alarm_.stop();
  journal_.stop();
  releases_.refuse(shutting_down());
  releases_.deliver();
  bodies_.stop();
  failed_ = true;  // what fails from now on is nobody's business
  // A worker whose answer waited for the last commit ends only now.
  if (!over) over = stages_.wait_until_over(kLastAnswers);
  stop_threads();
  if (!over) keep_for_good(std::move(io_));
}

std::shared_ptr<Headcount> Runtime::Impl::end_handlers() {
  auto left = std::make_shared<Headcount>();
  for (const auto& [name, handler] : handlers_.all()) {
    left->enter();
    handler->end([left] { left->leave(); });
  }
  return left;
}

void Runtime::Impl::stop_threads() {
  work_.reset();
  io_->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

base::Time Runtime::Impl::lock() {
  mutex_.lock();
  effects_.turn = last_position_ + 1;
  effects_.depends_on.reset();
  engine_.set_store_full(journal_.full());
  return clock_.now();
}

void Runtime::Impl::finish(base::Time now, Releases::Then then) {
  stages_.apply({engine_, now, effects_});
  if (!ended_.ok()) engine_.refuse_all(now, ended_, effects_);
  const journal::Position position = append(now);
  const bool speaks = then != nullptr || !effects_.answers.empty() || !effects_.revoked.empty();
  if (speaks) releases_.add(position, effects_.answers, std::move(then));
  if (!effects_.revoked.empty()) tell_revoked(position);
  const base::Time due = engine_.next_due();
  mutex_.unlock();

  alarm_.set(due);
  if (speaks) releases_.deliver();
}

void Runtime::Impl::tell_revoked(journal::Position position) {
  Releases::Answers none;
  for (const auto& [watch, lease] : effects_.revoked) {
    watch->revoked(lease);
    releases_.add(position, none, [watch = watch](const absl::Status&) { watch->told(); });
  }
  effects_.revoked.clear();
}

journal::Position Runtime::Impl::append(base::Time now) {
  if (!ended_.ok()) {
    effects_.records.clear();
    return kNeverCommitted;
  }
  // Without records of its own, a turn may still have seen what earlier ones did.
  if (effects_.records.empty()) return std::min(effects_.depends_on.value_or(engine::kAllRecords), last_position_);
  commit_times_.begin(last_position_ + 1, now);
  appending_ = std::this_thread::get_id();
  last_position_ = journal_.append(effects_.records);
  appending_ = std::thread::id();
  return last_position_;
}

void Runtime::Impl::on_committed(journal::Position position) {
  commit_times_.end(position, clock_.now());
  releases_.committed(position);
  if (appending_.load() == std::this_thread::get_id()) return;
  // This may be the thread that writes: it has more to do than to give the answers of others.
  if (!releases_.deliver(kRoundsPerCommit)) {
    boost::asio::post(*io_, [this] { releases_.deliver(); });
  }
}

void Runtime::Impl::on_failed(const absl::Status& status) {
  if (failed_.exchange(true)) return;
  const auto refusal = base::error(Reason::kStoreFailed, fmt::format("the store failed: {}", std::string(status.message())));
  releases_.refuse(refusal);
  boost::asio::post(*io_, [this, status, refusal] {
    end_with(refusal);
    if (tell_failed_) tell_failed_(status);
  });
}

void Runtime::Impl::end_with(const absl::Status& status) {
  // The turn itself then refuses whoever waits.
  runtime_.apply([this, &status](engine::Engine&, base::Time, engine::Effects&) {
    if (ended_.ok()) ended_ = status;
  });
  releases_.deliver();
}

StageStatus Runtime::Impl::stage_status(std::string_view pipeline, std::string_view stage) const {
  const std::lock_guard lock(mutex_);
  return stages_.status(pipeline, stage);
}

bool Runtime::Impl::is_leased(model::LeaseId lease) const {
  const std::lock_guard lock(mutex_);
  return engine_.is_leased(lease);
}

PayloadUse Runtime::Impl::payload_use() const {
  const std::lock_guard lock(mutex_);
  return {engine_.resident_bytes(), engine_.bytes() - engine_.resident_bytes(), bodies_.reads()};
}

}  // namespace sluice::runtime
