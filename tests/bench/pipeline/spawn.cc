#include "tests/bench/pipeline/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sluice::bench {
namespace {

using Pipe = std::array<int, 2>;

bool spawn_cat(const Pipe& in, const Pipe& out, pid_t& child) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string name = "cat";
  std::array<char*, 2> argv{name.data(), nullptr};
  const bool spawned = ::posix_spawnp(&child, "cat", &actions, nullptr, argv.data(), environ) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  return spawned;
}

bool run_cat() {
  static const std::string kPayload(100, 'x');
  Pipe in{};
  Pipe out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return false;
  pid_t child = -1;
  bool good = spawn_cat(in, out, child);
  ::close(in[0]);
  ::close(out[1]);
  good = good && ::write(in[1], kPayload.data(), kPayload.size()) == static_cast<ssize_t>(kPayload.size());
  ::close(in[1]);
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 1; good && count > 0;) {
    count = ::read(out[0], buffer.data(), buffer.size());
    if (count > 0) answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(out[0]);
  int status = 1;
  return good && ::waitpid(child, &status, 0) == child && status == 0 && answer == kPayload;
}

}  // namespace

std::uint64_t spawn_children(int count, int at_a_time) {
  std::atomic<int> left = count;
  std::atomic<bool> good = true;
  std::vector<std::jthread> threads;
  for (int i = 0; i < at_a_time; ++i) {
    threads.emplace_back([&] {
      while (left-- > 0) {
        if (!run_cat()) good = false;
      }
    });
  }
  threads.clear();
  if (!good) throw std::runtime_error("a child of bare posix_spawn failed");
  return static_cast<std::uint64_t>(count);
}

}  // namespace sluice::bench
