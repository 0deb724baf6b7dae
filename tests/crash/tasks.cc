#include "tests/crash/tasks.h"

#include <fmt/format.h>

#include "tests/crash/payload.h"

namespace sluice::crash {

std::vector<Piece> pieces_of(const Task& task, const std::string& queue) {
  std::vector<Piece> pieces;
  for (const std::string& value : task.values) {
    pieces.push_back({.queue = queue,
                      .value = value,
                      .time_to_live = std::chrono::microseconds(task.time_to_live).count(),
                      .dedup_key = task.dedup_key,
                      .dedup_window = std::chrono::microseconds(task.dedup_window).count(),
                      .unique_key = task.unique_key,
                      .order_key = task.order_key});
  }
  return pieces;
}

Task TaskMaker::next(Dice& dice) {
  Task task;
  const std::uint32_t lines = dice.roll(1, part_.max_lines);
  for (std::uint32_t i = 0; i < lines; ++i) task.values.push_back(fmt::format("{}.{}", part_.name, ++count_));
  task.payload = payload_of(task.values, dice.percent(5) ? dice.roll(1, 20'000) : dice.roll(0, 20));
  const bool hopeless = part_.some_hopeless && dice.percent(3);
  task.sleep = hopeless ? "never" : fmt::format("{}ms", dice.roll(0, 4));
  task.priority = dice.roll(0, 3);
  if (part_.some_hurried && dice.percent(15)) task.time_to_live = std::chrono::milliseconds(dice.roll(1, 300));
  if (part_.keyed) add_keys(task, dice);
  // What is delayed takes its turn when its time has come.
  if (task.order_key.empty() && dice.percent(5)) task.delay = std::chrono::milliseconds(dice.roll(1, 20));
  return task;
}

std::string TaskMaker::key(const char* kind, std::uint32_t number) const {
  return fmt::format("{}.{}{}.{}", part_.name, kind, number, generation_);
}

void TaskMaker::add_keys(Task& task, Dice& dice) const {
  if (dice.percent(30)) {
    const std::uint32_t number = dice.roll(1, 6);
    task.dedup_key = key("once", number);
    // Some are over while the run goes on.
    task.dedup_window = std::chrono::milliseconds(number <= 3 ? 200 : 60'000);
  }
  if (dice.percent(30)) task.unique_key = key("alone", dice.roll(1, 4));
  if (dice.percent(60)) task.order_key = key("order", dice.roll(1, 3));
}

}  // namespace sluice::crash
