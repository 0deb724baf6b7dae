// Runs handlers as the server's workers do, and looks at what they leave behind.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/handlers/handler.h"
#include "server/handlers/subprocess.h"

namespace sluice::handlers {

// The longest that any test waits for anything: a busy machine may give a child its turn a few times a second only.
inline constexpr std::chrono::seconds kPatience{100};

[[nodiscard]] Input item(std::string payload, model::Attributes attributes = {});

// What a worker is to do while the handler runs.
struct Watch {
  // Called on the worker's executor with each process id that the handler reports.
  std::function<void(std::int64_t pid)> on_pid;
  // Called with a function that stops the item, from any thread; once the handler listens.
  std::function<void(std::function<void()> stop)> on_stoppable;
};

// Writes down what is reported of an item. Thread-safe.
class RecordedProgress final : public ProgressSink {
 public:
  // `on_report` is called with each, on whichever thread it comes.
  explicit RecordedProgress(std::function<void()> on_report = nullptr) : on_report_(std::move(on_report)) {}

  void report(model::Progress progress) override;
  // So far: "0.40 resizing", "- resizing" without a fraction.
  [[nodiscard]] std::vector<std::string> reports() const;
  // Waits for the first that is `text`; false after kPatience.
  [[nodiscard]] bool wait_for(const std::string& text);

 private:
  const std::function<void()> on_report_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> reports_;
};

// Runs one item on a context of its own with one thread. Fails the test and returns an error after kPatience.
[[nodiscard]] Outcome run(Handler& handler, const Input& input, Watch watch = {});

// What prepare() says, in the same way.
[[nodiscard]] std::optional<Error> prepare(Handler& handler);

// Runs all of them at the same time on `threads` threads. In the order of the inputs.
[[nodiscard]] std::vector<Outcome> run_all(Handler& handler, const std::vector<Input>& inputs, std::size_t threads = 2);

// A handler from a spec that must be valid.
[[nodiscard]] std::shared_ptr<Handler> subprocess(SubprocessSpec spec);
[[nodiscard]] SubprocessSpec argv(std::vector<std::string> words);
[[nodiscard]] SubprocessSpec shell(std::string script);

// The outcome's one output; fails the test if it is anything else.
[[nodiscard]] std::string output_of(const Outcome& outcome);
[[nodiscard]] std::vector<std::string> outputs_of(const Outcome& outcome);
// The outcome's error; fails the test if there is none.
[[nodiscard]] Error error_of(const Outcome& outcome);

// Waits until there is no process `pid` but a zombie at most, or until kPatience is over: then false.
[[nodiscard]] bool is_gone_soon(std::int64_t pid);
// True if this process has no child, neither alive nor waiting to be reaped.
[[nodiscard]] bool has_no_child();
[[nodiscard]] std::size_t open_descriptors();

// A directory that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The content of a file in it, once there is one with a line feed at the end; empty after kPatience.
  [[nodiscard]] std::string wait_for_line(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace sluice::handlers
