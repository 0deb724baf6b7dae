// Bars as an SVG picture, to be read on a light and on a dark page.
#pragma once

#include <string>
#include <vector>

namespace sluice::bench {

struct PlotBar {
  enum Style { kPlain, kStrong, kFaint };

  std::string label;
  double value = 0;
  // The whisker.
  double least = 0;
  double most = 0;
  std::string note;  // behind the value
  Style style = kPlain;
};

// Bars of one scale, the widest first or in whatever order they come.
struct Panel {
  std::string title;
  std::vector<PlotBar> bars;
};

// The text of the picture. `notes` stand below the panels, a line each.
std::string svg(const std::string& title, const std::vector<Panel>& panels, const std::vector<std::string>& notes);

}  // namespace sluice::bench
