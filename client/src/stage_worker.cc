#include "sluice/stage_worker.h"

#include <exception>
#include <mutex>

#include "client/src/stage_crew.h"

namespace sluice {
namespace {

using internal::FailedItem;
using internal::ItemEnd;
using internal::StageCrew;

// What becomes of the function's exceptions and of the items.
class StageWork {
 public:
  StageWork(const StageFunction& function, const StageWorkOptions& options) : function_(function), options_(options) {}

  ItemEnd handle(const StageItem& item) {
    try {
      return function_(item);
    } catch (const PermanentFailure& error) {
      return failed(item, error, true);
    } catch (const std::exception& error) {
      return failed(item, error, false);
    } catch (...) {
      return failed(item, std::runtime_error("the function threw something that is no std::exception"), false);
    }
  }

  void note(const StageItem& item, const ItemEnd& end, const Error* error) {
    const bool is_lost = error != nullptr && error->reason() == "LEASE_LOST";
    if (error != nullptr && options_.on_error) options_.on_error(item, *error);
    const std::lock_guard lock(mutex_);
    if (is_lost) {
      ++result_.lost;
    } else if (error != nullptr || std::holds_alternative<FailedItem>(end)) {
      ++result_.failed;
    } else {
      ++result_.done;
    }
  }

  // Once all threads have ended.
  [[nodiscard]] const WorkResult& result() const { return result_; }

 private:
  FailedItem failed(const StageItem& item, const std::exception& error, bool do_not_retry) const {
    if (options_.on_error) options_.on_error(item, error);
    return {.failure = {.reason = "HANDLER_THREW", .message = error.what()}, .do_not_retry = do_not_retry};
  }

  const StageFunction& function_;
  const StageWorkOptions& options_;
  std::mutex mutex_;
  WorkResult result_;
};

}  // namespace

std::string StageItem::attribute(const std::string& key, const std::string& otherwise) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? otherwise : found->second;
}

void StageItem::progress(std::optional<double> fraction, std::string_view message) const {
  if (reports) reports->report(internal::to_proto(fraction, message));
}

WorkResult work_stage(const Pipeline& pipeline, const std::string& stage, const StageFunction& function,
                      const StageWorkOptions& options) {
  StageWork work(function, options);
  const StageCrew::Order order{
      .pipeline = pipeline.name(),
      .stage = stage,
      .name = options.name,
      .concurrency = options.concurrency,
      .prefetch = options.prefetch,
      .stop = options.stop,
      .handle = [&work](const StageItem& item) { return work.handle(item); },
      .on_end = [&work](const StageItem& item, const ItemEnd& end, const Error* error) { work.note(item, end, error); },
      .on_attached = nullptr};
  StageCrew(*pipeline.connection(), order).run();
  return work.result();
}

}  // namespace sluice
