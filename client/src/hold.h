// The right to an item, and so how the item ends.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "client/src/connection.h"
#include "client/src/keeper.h"
#include "sluice/options.h"
#include "sluice/types.h"

namespace sluice::internal {

// One thread at a time, except for lost(). Each call asks the server once and tells what it said of the item; what the
// connection has to say is thrown.
class Hold {
 public:
  explicit Hold(std::shared_ptr<Lease> lease) : lease_(std::move(lease)) {}
  virtual ~Hold() = default;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  virtual v1::LeaseResult done() = 0;
  virtual v1::LeaseResult hand_on(v1::Completion&& completion, const DoneOptions& options) = 0;
  virtual v1::LeaseResult fail(v1::FailedLease&& failure) = 0;
  virtual v1::LeaseResult release() = 0;
  virtual v1::LeaseResult extend(std::optional<Duration> lease_duration) = 0;
  // For whoever looks. Never waits, never fails.
  virtual void report(v1::Progress&& progress) = 0;
  // The item has ended, or is left to itself.
  virtual void let_go() = 0;

  [[nodiscard]] const std::string& queue() const { return lease_->queue; }
  [[nodiscard]] LeaseToken token() const { return lease_->token; }
  [[nodiscard]] bool lost() const { return lease_->lost; }
  [[nodiscard]] std::stop_token lost_token() const { return lease_->gone.get_token(); }
  void set_lost(bool lost) { lease_->lost = lost; }

 protected:
  [[nodiscard]] const std::shared_ptr<Lease>& lease() const { return lease_; }

 private:
  const std::shared_ptr<Lease> lease_;
};

// By a lease, which runs out unless it is extended. Every end is a call, repeated safely over a broken connection.
class LeasedHold final : public Hold {
 public:
  LeasedHold(std::shared_ptr<Connection> connection, std::shared_ptr<Lease> lease)
      : Hold(std::move(lease)), connection_(std::move(connection)) {}
  ~LeasedHold() override { let_go(); }

  // Has the lease extended in the background; it runs for `left` yet.
  void keep(Duration left) { connection_->keeper().keep(lease(), left); }

  v1::LeaseResult done() override;
  v1::LeaseResult hand_on(v1::Completion&& completion, const DoneOptions& options) override;
  v1::LeaseResult fail(v1::FailedLease&& failure) override;
  v1::LeaseResult release() override;
  v1::LeaseResult extend(std::optional<Duration> lease_duration) override;
  void report(v1::Progress&& progress) override;
  void let_go() override;

 private:
  v1::LeaseResult complete(v1::Completion&& completion, std::optional<Duration> wait, const std::stop_token& stop);

  const std::shared_ptr<Connection> connection_;
  // The request_id of a completion whose answer never came: repeating it, by hand too, cannot do it twice.
  std::string unanswered_;
};

}  // namespace sluice::internal
