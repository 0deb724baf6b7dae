// Ties crews to the context that watches their children.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/execution_context.hpp>

#include "server/handlers/coprocess/crew.h"

namespace sluice::handlers {

// One for each context: when that goes down, its crews go first, and with them children and waiting coroutines. Thread-safe.
class CrewService final : public boost::asio::execution_context::service {
 public:
  using key_type = CrewService;
  static inline boost::asio::execution_context::id id;

  explicit CrewService(boost::asio::execution_context& context) : service(context) {}

  void add(std::shared_ptr<Crew> crew);

 private:
  void shutdown() override;

  std::mutex mutex_;
  std::vector<std::shared_ptr<Crew>> crews_;
};

}  // namespace sluice::handlers
