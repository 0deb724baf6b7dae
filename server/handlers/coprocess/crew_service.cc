#include "server/handlers/coprocess/crew_service.h"

#include <utility>

namespace sluice::handlers {

void CrewService::add(std::shared_ptr<Crew> crew) {
  const std::lock_guard lock(mutex_);
  crews_.push_back(std::move(crew));
}

void CrewService::shutdown() {
  std::vector<std::shared_ptr<Crew>> crews;
  {
    const std::lock_guard lock(mutex_);
    crews.swap(crews_);
  }
  for (const auto& crew : crews) crew->drop();
}

}  // namespace sluice::handlers
