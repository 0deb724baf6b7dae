// A few lines at the bottom of a terminal that are drawn anew in place.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::cli {

// On standard error. One at a time; nothing else may write to the terminal between two draws, unless wipe() was called first.
class Screen {
 public:
  Screen() = default;
  // Leaves the last drawing where it is.
  ~Screen() = default;

  // True when standard error is a terminal that can do this.
  [[nodiscard]] static bool is_terminal();
  // Columns of the terminal, 80 where it does not say.
  [[nodiscard]] static std::size_t columns();
  // How many lines can be drawn, at least 2: one less than the terminal has, 23 where it does not say.
  [[nodiscard]] static std::size_t most_lines();

  // Each at most columns() wide, and at most most_lines(): what has scrolled away cannot be drawn over.
  void draw(const std::vector<std::string>& lines);
  // Takes the last drawing away. The next one comes below what was written meanwhile.
  void wipe();

 private:
  std::size_t drawn_ = 0;
};

}  // namespace sluice::cli
