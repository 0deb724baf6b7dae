// A server whose store never ends: it says on standard error that it is being read, and that is all.
#include <cstdio>
#include <utility>

#include "absl/synchronization/notification.h"
#include "server/journal/memory.h"
#include "server/server.h"

namespace sluice {
namespace {

class EndlessJournal final : public journal::Journal {
 public:
  absl::Status load(const std::function<void(model::Record&&)>&) override {
    std::fputs("reading without an end\n", stderr);
    absl::Notification().WaitForNotification();
    return absl::OkStatus();
  }
  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override {
    return inner_.start(std::move(on_committed), std::move(on_failed));
  }
  journal::Position append(std::vector<model::Record>& records) override { return inner_.append(records); }
  void stop() override { inner_.stop(); }

 private:
  journal::MemoryJournal inner_;
};

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) { return sluice::Server(std::make_unique<sluice::EndlessJournal>()).run(argc, argv); }
