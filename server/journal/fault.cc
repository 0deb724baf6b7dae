#include "server/journal/fault.h"

#include <csignal>
#include <cstring>
#include <string>

#include <unistd.h>

namespace sluice::journal {
namespace {

// What a signal handler may touch: set before the handler is, cleared after.
std::string guarded_file;
struct sigaction former_segv;
struct sigaction former_bus;

// Async-signal-safe. There is nobody to tell if standard error cannot be written.
void say(const char* text) { [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text)); }

void on_fault(int) { end_for_damage(guarded_file.c_str(), "reading it touched a page that is not there"); }

}  // namespace

void end_for_damage(const char* file, const char* what) {
  say("sluiced: ");
  say(file);
  say(": the file is damaged: ");
  say(what);
  say("; restore a backup\n");
  ::_exit(kDamagedStoreExit);
}

FaultGuard::FaultGuard(const std::filesystem::path& file, Faults faults) {
  guarded_file = file.string();
  struct sigaction action {};
  action.sa_handler = on_fault;
  ::sigaction(SIGSEGV, faults == Faults::kAll ? &action : nullptr, &former_segv);
  ::sigaction(SIGBUS, &action, &former_bus);
}

FaultGuard::~FaultGuard() {
  ::sigaction(SIGSEGV, &former_segv, nullptr);
  ::sigaction(SIGBUS, &former_bus, nullptr);
}

}  // namespace sluice::journal
