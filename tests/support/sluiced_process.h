// The real sluiced, as a child of a test.
//
//   SluicedProcess sluiced({.config = "queues: [{name: tasks}]"});
//   sluice::Client client(sluiced.address());
//   ...
//   EXPECT_EQ(sluiced.stop(), 0);
//
// It gets a directory of its own, which is also its working directory, and a port of its own, so that tests may run in
// parallel. Its destructor kills what still runs; if the test itself is killed, so is sluiced. Not thread-safe. To be
// constructed and restarted on a thread that outlives it, best the test's own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::support {

// Long, because a sanitizer's build on a busy machine is slow; nothing waits for as long unless it is broken.
inline constexpr std::chrono::seconds kPatience{60};

class SluicedProcess {
 public:
  struct Options {
    // The program to start; empty: sluiced. Another one is a server with handlers of its own, as in server/server.h.
    std::string program;
    // The configuration file's text; empty: started without a file.
    std::string config;
    std::vector<std::string> flags;
    // On top of the test's own environment, less everything in it that begins with SLUICE_, and with SLUICE_DATA=none and
    // SLUICE_ADMIN=127.0.0.1:0: where things are kept and where the admin endpoint listens, a flag or this says otherwise. A
    // value of
    // "" leaves it to the file and the default.
    std::vector<std::pair<std::string, std::string>> environment;
    // False: the constructor does not wait until it is ready, and gives no --listen.
    bool serve = true;
  };

  // Starts it and waits for the line "ready". Throws std::runtime_error with what it wrote to standard error if that does
  // not come.
  SluicedProcess() : SluicedProcess(Options{}) {}
  explicit SluicedProcess(Options options);
  ~SluicedProcess();
  SluicedProcess(const SluicedProcess&) = delete;
  SluicedProcess& operator=(const SluicedProcess&) = delete;

  // Where gRPC listens: "127.0.0.1:41234".
  [[nodiscard]] const std::string& address() const { return address_; }
  // Where the admin endpoint listens; empty if there is none.
  [[nodiscard]] const std::string& admin_address() const { return admin_address_; }
  // Its directory, gone with this object; the configuration file in it is sluiced.yaml.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();

  void signal(int number) const;
  // Waits until it has ended. Returns its exit code, or 128 + the number of the signal that killed it. Throws when it takes
  // longer than `patience`.
  int wait(std::chrono::milliseconds patience = kPatience);
  // SIGTERM, and wait().
  int stop();
  // SIGKILL, and wait().
  void kill9();
  // Starts it anew after it has ended (killing it first if need be), with the same options, directory and port.
  void restart();
  // The same with another configuration.
  void restart(std::string config);

  // All of it so far, over restarts too; complete once wait() has returned.
  [[nodiscard]] std::string standard_output() const;
  [[nodiscard]] std::string standard_error() const;
  // Waits until `text` stands on standard error; false if it ends or `patience` is over before.
  bool wait_for_error(std::string_view text, std::chrono::milliseconds patience = kPatience);

 private:
  class Reader;

  void start();
  void wait_until_ready();
  [[nodiscard]] std::vector<std::string> arguments() const;

  Options options_;
  std::filesystem::path directory_;
  std::string listen_;
  std::string listen_admin_;
  std::string address_;
  std::string admin_address_;
  pid_t pid_ = -1;
  int exit_code_ = -1;
  std::unique_ptr<Reader> output_;
  std::unique_ptr<Reader> error_;
};

// Runs sluiced to its end: for --help, bad flags and the like.
struct Finished {
  int exit_code = -1;
  std::string output;
  std::string error;
};
[[nodiscard]] Finished run_sluiced(std::vector<std::string> flags, std::string config = {},
                                   std::vector<std::pair<std::string, std::string>> environment = {});

}  // namespace sluice::support
