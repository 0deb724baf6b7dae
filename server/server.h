// A whole Sluice server, to be linked into a program that brings its own handlers:
//
//   #include "server/server.h"
//
//   namespace handlers = sluice::handlers;
//
//   std::vector<handlers::Output> shout(const handlers::Input& input) { ... }
//
//   int main(int argc, char** argv) {
//     sluice::Server server;
//     server.add_handler("shout", handlers::make_native("Turns text into capitals", handlers::Runs::kInline, shout));
//     return server.run(argc, argv);
//   }
//
// Such a program takes the same flags and the same configuration file as sluiced, which is this with no handler added. A stage
// names the handler like any other: `handler: shout`.
//
// examples/native_handler is a whole one. Link with the CMake target sluice_server.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/config/settings.h"
#include "server/handlers/handler.h"
#include "server/handlers/native.h"
#include "server/journal/journal.h"

namespace sluice {

// What run() returns, and sluiced exits with.
enum ExitCode : int {
  kExitOk = 0,      // ended as asked; --check-config: the configuration is good
  kExitFailed = 1,  // could not start, go on, or end in time; --check-config: the configuration is bad
  kExitUsage = 2,   // wrong flags or a bad configuration
  // 128 + n: ended at once by a second signal of number n.
};

// One thread makes it, runs it and destroys it.
class Server {
 public:
  Server();
  // Keeps its state in `journal` instead of its own choice. For stores of your own.
  explicit Server(std::unique_ptr<journal::Journal> journal);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before run() or start(). A name that is not one (as for a queue) or that is taken, also by a built-in handler, is
  // reported by run() or start().
  Server& add_handler(std::string name, std::shared_ptr<handlers::Handler> handler);

  // sluiced: reads flags, environment and configuration file, serves until SIGTERM or SIGINT, drains, and returns an ExitCode.
  // Prints on standard output "listening grpc HOST:PORT" and "listening admin HOST:PORT" once it listens, and "ready" once its
  // store is read and it serves. A signal that comes while it reads its store ends the process there and then, with kExitOk:
  // nothing has begun yet. A second signal ends the process at once. To be called before the program starts threads of its
  // own, so that they leave the signals to it. docs/configuration.md describes it for users.
  int run(int argc, const char* const* argv);

  // The parts of run(), for programs with a main loop of their own. Once each.
  //
  // Serves with these settings, except those of the log. INVALID_NAME or INVALID_VALUE (a handler), CANNOT_LISTEN,
  // STORE_FAILED, and what a configured queue or pipeline can be refused with. After an error nothing runs.
  absl::Status start(config::Settings settings);
  // Where gRPC listens, "127.0.0.1:41234". After start().
  [[nodiscard]] const std::string& address() const;
  // Where the admin endpoint listens; empty if there is none. After start().
  [[nodiscard]] const std::string& admin_address() const;
  // Ends in order: refuses new work, lets running work finish for up to settings.drain_timeout, gives the rest back to its
  // queues, and stops serving, which takes at most limits::kEndTimeout more. Idempotent.
  void stop();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
