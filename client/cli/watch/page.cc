#include "client/cli/watch/page.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/src/convert.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kNumbers = 11;  // "9,999/100k", "12/16 busy"
constexpr std::size_t kRate = 6;
constexpr std::size_t kOldest = 8;
constexpr std::size_t kWaits = 8;
constexpr std::size_t kLeastName = 8;
constexpr std::size_t kMostName = 60;
// So full a queue is marked.
constexpr double kNearlyFull = 0.75;

// How wide the parts are in a terminal of some width.
struct Widths {
  std::size_t name;
  std::size_t gauge;

  explicit Widths(std::size_t columns) : gauge(columns >= 120 ? 22 : columns >= 76 ? 10 : 0) {
    const std::size_t taken = (gauge > 0 ? gauge + 1 : 0) + kNumbers + 3 * (kRate + 1) + (kOldest + 1) + (kWaits + 1) + 1;
    name = std::clamp(columns > taken ? columns - taken : 0, kLeastName, kMostName);
  }
};

std::string short_rate(const Rate& rate) {
  if (!rate) return "-";
  if (*rate <= 0) return "0";
  if (*rate < 99.95) return fmt::format("{:.1f}", *rate);
  return short_count(static_cast<std::uint64_t>(std::llround(*rate)));
}

// "2 puts", "3 gets", or, where that is too long or there are both, "2p 3g".
std::string waits_text(const v1::Queue& queue) {
  const std::uint64_t puts = queue.waiting_puts();
  const std::uint64_t gets = queue.waiting_gets();
  if (puts == 0 && gets == 0) return "-";
  const bool short_enough = std::max(puts, gets) < 1'000;
  if (gets == 0 && short_enough) return counted(puts, "put");
  if (puts == 0 && short_enough) return counted(gets, "get");
  std::string text = puts > 0 ? short_count(puts) + 'p' : std::string();
  if (gets > 0) text += (text.empty() ? "" : " ") + short_count(gets) + 'g';
  return text;
}

Style fullness(std::uint64_t depth, std::uint64_t capacity) {
  if (capacity == 0) return Style::kPlain;
  const double part = static_cast<double>(depth) / static_cast<double>(capacity);
  return part >= 1 ? Style::kBad : part >= kNearlyFull ? Style::kWarning : Style::kGood;
}

StyledLine queue_line(const QueueActivity& activity, const Widths& widths) {
  const v1::Queue& queue = activity.queue;
  const std::uint64_t capacity = queue.settings().capacity();
  std::string state;
  if (queue.state() == v1::QUEUE_STATE_CLOSED) state += " closed";
  if (queue.paused()) state += " paused";
  StyledLine line;
  const std::size_t room = widths.name > width(state) ? widths.name - width(state) : 0;
  const std::string name = one_line(queue.name(), room);
  line.add(name).add_left(state, widths.name - width(name), Style::kWarning).add(" ");
  const Style style = fullness(activity.depth(), capacity);
  if (widths.gauge > 0)
    line.add(capacity == 0 ? std::string(widths.gauge, ' ') : gauge(activity.depth(), capacity, widths.gauge), style).add(" ");
  line.add_right(short_count(activity.depth()) + (capacity == 0 ? "" : "/" + short_count(capacity)), kNumbers);
  line.add(" ").add_right(short_rate(activity.put), kRate);
  line.add(" ").add_right(short_rate(activity.done), kRate);
  line.add(" ").add_right(short_rate(activity.failed), kRate, activity.failed.value_or(0) > 0 ? Style::kBad : Style::kPlain);
  line.add(" ").add_right(queue.has_oldest_age() ? clock_text(internal::from_proto(queue.oldest_age())) : "-", kOldest);
  line.add(" ").add_right(waits_text(queue), kWaits);
  return line;
}

StyledLine stage_line(const StageActivity& stage, const Widths& widths) {
  StyledLine line;
  line.add_left(fmt::format("  > {}", stage.name), widths.name, Style::kDim).add(" ");
  if (widths.gauge > 0) line.add(gauge(stage.busy, stage.workers, widths.gauge), Style::kDim).add(" ");
  line.add_right(fmt::format("{}/{} busy", short_count(stage.busy), short_count(stage.workers)), kNumbers);
  line.add(" ").add_right("", kRate);
  line.add(" ").add_right(short_rate(stage.done), kRate);
  line.add(" ").add_right(short_rate(stage.failed), kRate, stage.failed.value_or(0) > 0 ? Style::kBad : Style::kPlain);
  const char* state = "";
  if (stage.state == v1::STAGE_STATE_PAUSED) state = "paused";
  if (stage.state == v1::STAGE_STATE_FINISHED) state = "finished";
  line.add(" ").add_right(state, kOldest, Style::kWarning);
  return line;
}

StyledLine list_heading(const Widths& widths) {
  StyledLine line;
  line.add_left("QUEUE, > STAGE", widths.name, Style::kBold).add(" ");
  if (widths.gauge > 0) line.add_left("DEPTH", widths.gauge, Style::kBold).add(" ");
  line.add_right(widths.gauge > 0 ? "OF CAPACITY" : "DEPTH", kNumbers, Style::kBold);
  for (const char* rate : {"PUT/S", "DONE/S", "FAIL/S"}) line.add(" ").add_right(rate, kRate, Style::kBold);
  line.add(" ").add_right("OLDEST", kOldest, Style::kBold);
  line.add(" ").add_right("WAITING", kWaits, Style::kBold);
  return line;
}

std::vector<StyledLine> list_lines(const Activity& activity, const Widths& widths, std::size_t columns) {
  std::vector<StyledLine> lines;
  for (const QueueActivity& queue : activity.queues) {
    lines.push_back(queue_line(queue, widths));
    for (const StageActivity& stage : queue.stages) lines.push_back(stage_line(stage, widths));
    for (const std::string& stall : queue.stalls) {
      lines.emplace_back(one_line("  ! " + stall, columns), Style::kWarning);
    }
  }
  return lines;
}

// Sums over everything that is shown.
struct Totals {
  std::size_t stages = 0;
  std::size_t stalled = 0;
  std::uint64_t unfinished = 0;
  Rate put;
  Rate done;
  Rate failed;

  explicit Totals(const Activity& activity) {
    for (const QueueActivity& queue : activity.queues) {
      stages += queue.stages.size();
      stalled += queue.stalls.empty() ? 0 : 1;
      unfinished += queue.queue.unfinished();
      add(put, queue.put);
      add(done, queue.done);
      add(failed, queue.failed);
    }
  }

 private:
  static void add(Rate& sum, const Rate& part) {
    if (part) sum = sum.value_or(0) + *part;
  }
};

std::vector<StyledLine> heading(const Activity& activity, const PageView& view, std::size_t columns) {
  const Totals totals(activity);
  StyledLine first("sluice top", Style::kBold);
  first.add(
      fmt::format("  {}  {}, {}, ", view.server, counted(activity.queues.size(), "queue"), counted(totals.stages, "stage")));
  first.add(fmt::format("{} stalled", totals.stalled), totals.stalled > 0 ? Style::kWarning : Style::kPlain);
  const std::string clock = time_of_day_text(activity.time);
  if (first.columns() + 2 + clock.size() <= columns) first.add_right(clock, columns - first.columns());
  StyledLine second;
  if (!view.trouble.empty()) {
    second.add(one_line("! " + view.trouble, columns), Style::kBad);
  } else {
    second.add(fmt::format("put {}/s  done {}/s  failed {}/s  {} unfinished", short_rate(totals.put), short_rate(totals.done),
                           short_rate(totals.failed), count_text(totals.unfinished)));
    if (view.held) second.add("  held: space goes on", Style::kWarning);
  }
  return {first, second, StyledLine()};
}

}  // namespace

Page page(const Activity& activity, const PageView& view, std::size_t rows, std::size_t columns) {
  const Widths widths(columns);
  Page page;
  page.lines = heading(activity, view, columns);
  page.lines.push_back(list_heading(widths));
  std::vector<StyledLine> list = list_lines(activity, widths, columns);
  const std::size_t taken = page.lines.size() + 1;
  page.list_rows = rows > taken ? rows - taken : 0;
  page.last_first = list.size() > page.list_rows ? list.size() - page.list_rows : 0;
  const std::size_t first = std::min(view.first, page.last_first);
  const std::size_t end = std::min(list.size(), first + page.list_rows);
  for (std::size_t i = first; i < end; ++i) page.lines.push_back(std::move(list[i]));
  page.lines.resize(std::max(rows, std::size_t{1}) - 1);
  StyledLine keys(fmt::format("q quit  s sort: {}  r reverse{}  space hold", sort_name(view.sort), view.reversed ? "d" : ""),
                  Style::kDim);
  if (page.last_first > 0) {
    keys.add(fmt::format("  up/down {}-{} of {}", first + 1, end, list.size()), Style::kDim);
  }
  page.lines.push_back(std::move(keys));
  return page;
}

std::string gauge(std::uint64_t part, std::uint64_t whole, std::size_t columns) {
  const std::size_t length = columns - 2;
  const double share = whole == 0 ? 0 : static_cast<double>(std::min(part, whole)) / static_cast<double>(whole);
  auto full = static_cast<std::size_t>(std::floor(share * static_cast<double>(length)));
  if (part > 0 && whole > 0) full = std::max<std::size_t>(full, 1);
  std::string text(full, '#');
  text.resize(length, ' ');
  return '[' + text + ']';
}

std::string short_count(std::uint64_t count) {
  if (count < 10'000) return count_text(count);
  constexpr std::array kUnits = {'k', 'M', 'G', 'T', 'P', 'E'};
  auto value = static_cast<double>(count) / 1000;
  std::size_t unit = 0;
  // What would be rounded to 1,000 belongs to the next unit.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  if (value >= 99.95 || std::abs(value - std::round(value)) < 0.05) return fmt::format("{:.0f}{}", value, kUnits.at(unit));
  return fmt::format("{:.1f}{}", value, kUnits.at(unit));
}

}  // namespace sluice::cli
