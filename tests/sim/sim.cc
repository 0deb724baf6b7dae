// sim --seed N --commands M: random commands on the engine, compared with the reference; with --pipelines, random pipelines.
// Without a seed, seed after seed until one fails or a minute has passed.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/sim/driver.h"
#include "tests/sim/flow.h"

namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Options {
  std::optional<std::uint64_t> seed;
  std::uint64_t commands = 100'000;
  bool pipelines = false;
};

// Nothing if the arguments make no sense.
std::optional<Options> options_of(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--pipelines") {
      options.pipelines = true;
      continue;
    }
    const auto number = i + 1 < arguments.size() ? number_in(arguments[i + 1]) : std::nullopt;
    if (!number || (arguments[i] != "--seed" && arguments[i] != "--commands")) return std::nullopt;
    (arguments[i] == "--seed" ? options.seed.emplace() : options.commands) = *number;
    ++i;
  }
  return options;
}

template <class Result>
bool report(const Result& result, std::uint64_t seed, const Options& options, std::chrono::milliseconds spent) {
  if (!result.failure.empty()) {
    fmt::print("FAILED seed {}, {}", seed, result.failure);
    return false;
  }
  fmt::print("ok: seed {}, {} commands, {} ms;", seed, options.commands, spent.count());
  for (const auto& [outcome, count] : result.outcomes) fmt::print(" {} {}", outcome, count);
  fmt::print("\n");
  return true;
}

// True if all went well.
bool run(std::uint64_t seed, const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto spent = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  };
  if (options.pipelines) {
    const auto result = sluice::sim::play(seed, options.commands);
    return report(result, seed, options, spent());
  }
  const auto result = sluice::sim::simulate(seed, options.commands);
  return report(result, seed, options, spent());
}

bool run_for(std::chrono::seconds limit, const Options& options) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (std::uint64_t seed = 1; std::chrono::steady_clock::now() < end; ++seed) {
    if (!run(seed, options)) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto options = options_of(arguments);
  if (!options) {
    fmt::print(
        stderr,
        "usage: sim [--pipelines] [--seed N] [--commands M]\n"
        "Applies M (default 100,000) random commands of seed N to the engine and to a reference, and compares them after\n"
        "each; with --pipelines, plays random pipelines with workers instead. Without a seed: seed after seed for a minute.\n"
        "A failure prints how to replay it and the last commands.\n");
    return arguments == std::vector<std::string_view>{"--help"} ? 0 : 2;
  }
  const bool ok = options->seed ? run(*options->seed, *options) : run_for(std::chrono::seconds{60}, *options);
  return ok ? 0 : 1;
}
