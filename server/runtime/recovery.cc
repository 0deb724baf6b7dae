#include "server/runtime/recovery.h"

#include <utility>

#include "server/base/limits.h"

namespace sluice::runtime {
namespace {

// How many records go by between two looks at the clock.
constexpr std::uint64_t kRecordsALook = 1'024;

class Progress {
 public:
  Progress(const base::Clock& clock, const OnRecovery& tell)
      : clock_(clock), tell_(tell), begin_(clock.now()), next_(begin_ + limits::kRecoveryReportInterval) {}

  void count(const model::Record& record) {
    if (const auto* item = std::get_if<model::ItemRecord>(&record)) {
      ++so_far_.items;
      if (item->body) so_far_.bytes += item->body->bytes();
    } else if (std::holds_alternative<model::QueueRecord>(record)) {
      ++so_far_.queues;
    }
    if (tell_ && ++records_ % kRecordsALook == 0) look();
  }

  void finish() {
    so_far_.complete = true;
    tell(clock_.now());
  }

 private:
  void look() {
    const base::Time now = clock_.now();
    if (now < next_) return;
    next_ = now + limits::kRecoveryReportInterval;
    tell(now);
  }
  void tell(base::Time now) {
    so_far_.took = now - begin_;
    if (tell_) tell_(so_far_);
  }

  const base::Clock& clock_;
  const OnRecovery& tell_;
  const base::Time begin_;
  base::Time next_;
  std::uint64_t records_ = 0;
  Recovered so_far_;
};

}  // namespace

absl::Status recover(journal::Journal& journal, engine::Engine& engine, const base::Clock& clock,
                     const OnRecovery& on_progress) {
  Progress progress(clock, on_progress);
  absl::Status misfit;
  auto status = journal.load([&](model::Record&& record) {
    progress.count(record);
    misfit.Update(engine.restore(std::move(record)));
  });
  // What the journal found is nearer to the cause.
  status.Update(misfit);
  if (status.ok()) progress.finish();
  return status;
}

}  // namespace sluice::runtime
