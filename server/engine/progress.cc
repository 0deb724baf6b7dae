#include "server/engine/progress.h"

#include <memory>
#include <utility>

#include "server/engine/awaits.h"

namespace sluice::engine {

void report(Step& step, Item& item, model::Progress progress) {
  if (!progress.says_something()) return forget_progress(item);
  progress.time = step.now;
  item.progress = std::make_shared<const model::Progress>(std::move(progress));
  if (item.job == nullptr) return;
  item.job->reporter = &item;
  note_progress(step, *item.job);
}

void forget_progress(Item& item) {
  item.progress = nullptr;
  if (item.job != nullptr && item.job->reporter == &item) item.job->reporter = nullptr;
}

}  // namespace sluice::engine
