// Everything behind an admin endpoint in this process: an engine that lives, a handler, a journal in memory.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/admin/admin_server.h"
#include "server/base/clock.h"
#include "server/handlers/registry.h"
#include "server/journal/memory.h"
#include "server/runtime/runtime.h"
#include "tests/admin/client.h"

namespace sluice::admin {

// Lets items through, makes those fail that say "fail", and keeps those that say "hold" until it is told to let go.
class Gate final : public handlers::Handler {
 public:
  boost::asio::awaitable<handlers::Outcome> run(const handlers::Input& input, handlers::Context& context) override;
  [[nodiscard]] std::string_view kind() const override { return "native"; }
  [[nodiscard]] std::string_view description() const override { return "Holds what says so"; }

  void let_go() { held_ = false; }

 private:
  std::atomic<bool> held_ = true;
};

class Rig {
 public:
  explicit Rig(Access access = {}, std::unique_ptr<journal::Journal> journal = std::make_unique<journal::MemoryJournal>());
  ~Rig();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] runtime::Runtime& runtime() { return *runtime_; }
  [[nodiscard]] AdminServer& admin() { return *admin_; }
  [[nodiscard]] base::CallCounts& calls() { return calls_; }
  [[nodiscard]] Gate& gate() { return *gate_; }
  void set_ready(absl::Status status);

  void create(const std::string& queue, std::uint32_t capacity = 1'000);
  // input -> stage "work" of pipeline "line" -> output; the handler is the gate.
  void create_line(std::uint32_t workers = 1);
  void put(const std::string& queue, const std::string& payload);
  void put(const std::string& queue, model::NewItem item);
  // Both jobs of one batch, in a queue.
  void submit(const std::string& queue, const std::vector<std::string>& payloads);
  void create_limit(const std::string& limit, std::uint32_t max_at_once);
  void create_schedule(const std::string& schedule, const std::string& queue);
  // Leases an item for good.
  void take(const std::string& queue);

  // The body of an answer that is expected to be a success.
  nlohmann::json json(const std::string& target);
  // Asks until `condition` holds for the body; fails the test if that takes too long.
  nlohmann::json until(const std::string& target, const std::function<bool(const nlohmann::json&)>& condition);

 private:
  // Runs a command and expects it to succeed.
  void run(const std::function<absl::Status(engine::Engine&, base::Time, engine::Effects&)>& command);

  static constexpr base::CallName kNames[] = {{"sluice.v1.QueueService", "Put", "unary"}};

  base::SystemClock clock_;
  std::unique_ptr<journal::Journal> journal_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  handlers::Registry registry_;
  base::CallCounts calls_{kNames};
  std::mutex mutex_;
  absl::Status ready_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<AdminServer> admin_;
  int port_ = 0;
};

}  // namespace sluice::admin
