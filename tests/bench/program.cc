#include "tests/bench/program.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "absl/synchronization/mutex.h"

namespace sluice::bench {
namespace {

std::string usage(const std::string& name, const std::vector<Flag>& flags) {
  std::string text = "usage: " + name;
  for (const auto& flag : flags) text += fmt::format(" [{} {}]", flag.name, flag.value);
  return text + " [--check]";
}

// Returns whether --check is among them.
bool read(const std::vector<std::string>& arguments, const std::vector<Flag>& flags) {
  bool check = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--check") {
      check = true;
      continue;
    }
    const auto flag = std::ranges::find(flags, arguments[i], &Flag::name);
    if (flag == flags.end() || ++i == arguments.size()) throw std::invalid_argument(arguments.back());
    flag->set(arguments[i]);
  }
  return check;
}

}  // namespace

Flag flag(std::string name, int& target) {
  return {std::move(name), "N", [&target](const std::string& text) { target = std::stoi(text); }};
}
Flag flag(std::string name, std::uint32_t& target) {
  return {std::move(name), "N", [&target](const std::string& text) { target = static_cast<std::uint32_t>(std::stoul(text)); }};
}
Flag flag(std::string name, std::uint64_t& target) {
  return {std::move(name), "N", [&target](const std::string& text) { target = std::stoull(text); }};
}
Flag flag(std::string name, double& target) {
  return {std::move(name), "N", [&target](const std::string& text) { target = std::stod(text); }};
}
Flag flag(std::string name, std::string& target) {
  return {std::move(name), "TEXT", [&target](const std::string& text) { target = text; }};
}
Flag flag(std::string name, std::chrono::milliseconds& target) {
  return {std::move(name), "SECONDS", [&target](const std::string& text) {
            target = std::chrono::milliseconds(static_cast<std::int64_t>(std::stod(text) * 1'000));
          }};
}

int run_program(const std::string& name, int argc, char** argv, const std::vector<Flag>& flags,
                const std::function<bool(bool check)>& run) {
  // As the server does (server/main.cc): a client that looks for deadlocks would be what is measured.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  bool check = false;
  try {
    check = read({argv + 1, argv + argc}, flags);
  } catch (const std::logic_error&) {
    fmt::print(stderr, "{}\n", usage(name, flags));
    return 2;
  }
  try {
    return !run(check) && check ? 1 : 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return 2;
  }
}

}  // namespace sluice::bench
