#include "tests/crash/tasks.h"

#include <fmt/format.h>

#include "tests/crash/payload.h"

namespace sluice::crash {

Task TaskMaker::next(Dice& dice) {
  Task task;
  const std::uint32_t lines = dice.roll(1, part_.max_lines);
  for (std::uint32_t i = 0; i < lines; ++i) task.values.push_back(fmt::format("{}.{}", part_.name, ++count_));
  task.payload = payload_of(task.values, dice.percent(5) ? dice.roll(1, 20'000) : dice.roll(0, 20));
  const bool hopeless = part_.some_hopeless && dice.percent(3);
  task.sleep = hopeless ? "never" : fmt::format("{}ms", dice.roll(0, 4));
  task.priority = dice.roll(0, 3);
  if (dice.percent(5)) task.delay = std::chrono::milliseconds(dice.roll(1, 20));
  return task;
}

}  // namespace sluice::crash
