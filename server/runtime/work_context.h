// What the server tells a handler while it works on one item, and what the handler tells the server.
//
// Owned by a stage worker. Everything is called on the worker's executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>

#include "server/handlers/handler.h"
#include "server/runtime/progress_reports.h"
#include "server/runtime/stage_activity.h"

namespace sluice::runtime {

class WorkContext final : public handlers::Context {
 public:
  WorkContext(boost::asio::any_io_executor executor, StageActivity& activity);

  ~WorkContext() override { end(); }
  WorkContext(const WorkContext&) = delete;
  WorkContext& operator=(const WorkContext&) = delete;

  // Work on one item begins and ends. In between lies everything else. `on_progress` is told what the handler reports, as often
  // as is of any use.
  void begin(StageActivity::Handle work, ProgressReports::PassOn on_progress);
  void end();
  // For the handler.
  [[nodiscard]] std::shared_ptr<handlers::ProgressSink> progress_sink() const { return progress_; }

  // handlers::Context
  void set_pid(std::int64_t pid) override;
  void on_stop(std::function<void()> stop) override;

  // The item, and all that would come, is to be given up.
  void stop();
  // Only the item that is worked on.
  void stop_item();

 private:
  void call_stop();

  boost::asio::any_io_executor executor_;
  StageActivity& activity_;
  std::optional<StageActivity::Handle> work_;
  std::shared_ptr<ProgressReports> progress_;  // of that item
  std::function<void()> on_stop_;
  bool stopped_ = false;
  bool item_stopped_ = false;
};

}  // namespace sluice::runtime
