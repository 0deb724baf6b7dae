#include "tests/bench/peers/picture.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/bench/plot.h"

namespace sluice::bench {
namespace {

// The fastest first, the limits of the machine last.
template <class Chosen>
Panel panel(std::string title, const Results& results, Chosen chosen) {
  Panel panel{.title = std::move(title), .bars = {}};
  Results sorted;
  std::ranges::copy_if(results, std::back_inserter(sorted), chosen, &SystemResult::about);
  std::ranges::stable_sort(sorted, [](const SystemResult& a, const SystemResult& b) {
    const bool a_limit = a.about.kind == Kind::kLimit;
    const bool b_limit = b.about.kind == Kind::kLimit;
    return a_limit != b_limit ? b_limit : a.result.median() > b.result.median();
  });
  for (const auto& [about, result] : sorted) {
    panel.bars.push_back({.label = about.name,
                          .value = result.median(),
                          .least = result.least(),
                          .most = result.most(),
                          .note = fmt::format("  ({:.1f} µs)", result.median_cpu_us()),
                          .style = about.kind == Kind::kOurs    ? PlotBar::kStrong
                                   : about.kind == Kind::kLimit ? PlotBar::kFaint
                                                                : PlotBar::kPlain});
  }
  return panel;
}

}  // namespace

std::string word(Keeps keeps) {
  switch (keeps) {
    case Keeps::kInMemory:
      return "memory";
    case Keeps::kInFile:
      return "file";
    case Keeps::kSynced:
      return "synced";
  }
  return {};
}

std::string picture(const Results& streamed, const Results& stepped) {
  const auto in_memory = [](const System::About& about) { return about.keeps == Keeps::kInMemory; };
  const auto on_disk = [](const System::About& about) { return about.keeps != Keeps::kInMemory; };
  const std::size_t runs = streamed.empty() ? 0 : streamed.front().result.runs.size();
  return svg(
      "Jobs of 100 bytes a second: put, handed out, acknowledged",
      {panel("One producer, one consumer, batching as each allows; in memory", streamed, in_memory),
       panel("The same, on disk", streamed, on_disk),
       panel(fmt::format("{} clients, one job at a time each; in memory", kConnections), stepped, in_memory),
       panel("The same, on disk", stepped, on_disk)},
      {fmt::format("Medians of {} interleaved runs; whiskers: least and most; in parentheses: CPU time of the server a job.",
                   runs),
       "Servers and load generators shared the machine's cores. Dashed: servers that do nothing but gRPC, and the bare disk.",
       "NATS file does not sync before it acknowledges; the others on disk do."});
}

}  // namespace sluice::bench
