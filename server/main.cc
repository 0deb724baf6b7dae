// sluiced.
#include "absl/synchronization/mutex.h"
#include "server/server.h"

int main(int argc, char** argv) {
  // Abseil's bookkeeping about the order of gRPC's locks is for those who work on gRPC, and slows every call down.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return sluice::Server().run(argc, argv);
}
