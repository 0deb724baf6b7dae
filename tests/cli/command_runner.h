// The real `sluice`, against the real sluiced.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client/cli/child.h"
#include "sluice/sluice.h"
#include "tests/support/sluiced_process.h"

namespace sluice::cli {

// What a command did.
struct Ran {
  int exit_code = -1;
  std::string output;
  std::string error;
};

// A command that runs; ended with SIGTERM by its destructor if need be.
class Running {
 public:
  // `pid_file` is written with the command's process id before it starts.
  Running(std::vector<std::string> command, std::string input, std::string pid_file) : pid_file_(std::move(pid_file)) {
    command.insert(command.begin(), {"sh", "-c", "echo $$ > \"$0\".new; mv \"$0\".new \"$0\"; exec \"$@\"", pid_file_});
    result_ = std::async(std::launch::async, [this, command = std::move(command), input = std::move(input)] {
      ChildOrder order;
      order.argv = command;
      order.input = input;
      order.stop = stop_.get_token();
      return run_child(order);
    });
  }
  ~Running() { stop_.request_stop(); }

  // To be sent once something has shown that the command has come so far.
  void signal(int number) const {
    pid_t pid = 0;
    std::ifstream(pid_file_) >> pid;
    ASSERT_GT(pid, 0);
    ::kill(pid, number);
  }
  [[nodiscard]] Ran wait() {
    if (result_.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
      ADD_FAILURE() << "the command does not end";
      stop_.request_stop();
    }
    ChildResult result = result_.get();
    return {
        .exit_code = result.exit_code.value_or(-1), .output = std::move(result.output), .error = std::move(result.stderr_tail)};
  }

 private:
  const std::string pid_file_;
  std::stop_source stop_;
  std::future<ChildResult> result_;
};

class CommandTest : public testing::Test {
 protected:
  CommandTest() { std::signal(SIGPIPE, SIG_IGN); }

  static std::vector<std::string> line(const std::string& address, std::vector<std::string> words) {
    words.insert(words.begin(), {SLUICE_BINARY, "--server", address});
    return words;
  }
  [[nodiscard]] Ran run(std::vector<std::string> words, std::string input = {}) {
    return start(std::move(words), std::move(input))->wait();
  }
  // Runs it, and reads what it prints as JSON.
  nlohmann::json run_json(std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const Ran ran = run(std::move(words));
    EXPECT_EQ(ran.exit_code, 0) << ran.error;
    return nlohmann::json::parse(ran.output, nullptr, false);
  }
  [[nodiscard]] std::unique_ptr<Running> start(std::vector<std::string> words, std::string input = {}) {
    const std::string pid_file = sluiced_.directory() / ("command." + std::to_string(started_++));
    return std::make_unique<Running>(line(sluiced_.address(), std::move(words)), std::move(input), pid_file);
  }
  // True once the queue looks as it should; false when that takes longer than a minute.
  bool wait_until(const std::string& queue, const std::function<bool(const QueueInfo&)>& looks_right) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      if (looks_right(client_.queue(queue).stats())) return true;
      std::this_thread::yield();
    }
    return false;
  }

  support::SluicedProcess sluiced_;
  Client client_{sluiced_.address()};
  int started_ = 0;
};

}  // namespace sluice::cli
