#include <cmath>

#include "client/cli/bench/load.h"
#include "client/cli/commands.h"
#include "client/cli/grammar.h"
#include "client/cli/watch/activity.h"
#include "proto/yaml/duration.h"

namespace sluice::cli {
namespace {

constexpr Duration kLeastInterval = std::chrono::milliseconds(10);
constexpr Duration kMostInterval = std::chrono::hours(24);
constexpr std::uint32_t kMostBenchClients = 100;
constexpr std::uint32_t kMostBenchPayload = 4U << 20;
constexpr std::uint32_t kMostBenchBatch = 10'000;
constexpr std::uint64_t kMostBenchMessage = 32U << 20;
constexpr std::uint64_t kMostBenchJobs = 1'000'000'000'000;

std::vector<std::string> sort_names() {
  std::vector<std::string> names;
  SortKey key = SortKey::kByName;
  do {
    names.emplace_back(sort_name(key));
    key = next(key);
  } while (key != SortKey::kByName);
  return names;
}

// A number alone means seconds.
Duration interval_of(const std::string& text) {
  const bool bare = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  const auto interval = yaml::parse_duration(bare ? text + 's' : text);
  if (!interval || *interval < kLeastInterval || *interval > kMostInterval)
    throw CLI::ConversionError("\"" + text + "\" is not an interval from 10ms to 24h such as 2, 500ms or 1m");
  return *interval;
}

void add_top(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<TopArguments>(root, chosen, "top", "Watch queues and stages live, with their rates", top);
  app.add_option("prefix", arguments.prefix, "Only queues whose names begin with this");
  app.add_option_function<std::string>(
         "--interval", [&target = arguments.interval](const std::string& text) { target = interval_of(text); },
         "How often to look (default 1s)")
      ->type_name("SECONDS");
  app.add_option("--sort", arguments.sort, "By what to sort: names from a to z, anything else with the most first")
      ->capture_default_str()
      ->check(CLI::IsMember(sort_names()));
  app.add_flag("--reverse", arguments.reverse, "Sort the other way round");
  app.add_flag("--once", arguments.once, "Print rows once, after one interval");
  app.footer(
      "Keys: q leaves, s sorts by something else, r turns the order round, space holds the picture, up and down scroll.\n"
      "Where standard output is no terminal, rows are printed once in an interval. NO_COLOR=1 does without colours.");
}

void add_stats(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<StatsArguments>(root, chosen, "stats", "Print rates and depths of queues", stats);
  app.add_option("queue", arguments.queues, "The queues' names (default: all)");
  auto* watch =
      app.add_option_function<std::string>(
             "--watch",
             [&target = arguments.watch](const std::string& text) { target = interval_of(text.empty() ? "1" : text); },
             "Again and again, once in so many seconds (default 1), until Ctrl-C")
          ->type_name("SECONDS")
          ->expected(0, 1);
  app.add_option("-n,--count", arguments.count, "End after so many times")->needs(watch)->check(CLI::Range(1U, 1'000'000'000U));
  app.footer("Rates are measured over the interval, and without --watch over one second.");
}

void add_bench(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<BenchArguments>(
      root, chosen, "bench", "Measure the server with jobs that are put, handed out and ended, on a queue of their own", bench);
  app.add_option("--producers", arguments.producers, "Each over a connection of its own")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMostBenchClients));
  app.add_option("--consumers", arguments.consumers, "The same")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMostBenchClients));
  app.add_option("--size", arguments.size, "Bytes of a job's payload")
      ->capture_default_str()
      ->check(CLI::Range(kStampBytes, kMostBenchPayload));
  app.add_option("--batch", arguments.batch, "Jobs in a message")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMostBenchBatch));
  auto* seconds = app.add_option_function<std::string>(
                         "--seconds", [&target = arguments.time](const std::string& text) { target = interval_of(text); },
                         "For how long jobs are put (default 5)")
                      ->type_name("SECONDS");
  app.add_option("--jobs", arguments.jobs, "How many jobs are put, instead")
      ->excludes(seconds)
      ->check(CLI::Range(std::uint64_t{1}, kMostBenchJobs));
  app.add_flag("--unary", arguments.unary, "Single calls of Put, Get and Complete instead of the streams Produce and Consume");
  app.add_option("--durability", arguments.durability, "Of its queue: sync or memory")
      ->capture_default_str()
      ->check(CLI::IsMember({"sync", "memory"}));
  app.parse_complete_callback([&target = arguments] {
    if (std::uint64_t{target.batch} * target.size > kMostBenchMessage)
      throw CLI::ValidationError("--batch", "a message holds at most 32 MiB: --batch times --size is more");
  });
  app.footer(
      "No queue that exists is touched: its own, sluice-bench-..., is deleted at the end, also after Ctrl-C.\n"
      "The server and this command share the machine's processors when they run on the same one.");
}

}  // namespace

void add_watch_commands(CLI::App& root, Command& chosen) {
  add_top(root, chosen);
  add_stats(root, chosen);
  add_bench(root, chosen);
}

}  // namespace sluice::cli
