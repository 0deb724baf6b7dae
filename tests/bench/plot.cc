#include "tests/bench/plot.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::bench {
namespace {

constexpr double kWidth = 860;
constexpr double kMargin = 20;
constexpr double kLabelWidth = 210;
constexpr double kValueWidth = 150;
constexpr double kBarLeft = kMargin + kLabelWidth;
constexpr double kBarWidth = kWidth - kBarLeft - kValueWidth - kMargin;
constexpr double kRow = 24;
constexpr double kBarHeight = 15;

// Colours of both pages; the picture brings its own ground, because who shows it may have chosen neither.
constexpr std::string_view kStyle = R"(<style>
.ground{fill:#ffffff}text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:17px;font-weight:600}
.panel{font-weight:600}.note{font-size:11.5px;fill:#59636e}.strong{fill:#0969da}.plain{fill:#9aa4af}.faint{fill:none;stroke:#59636e;
stroke-dasharray:3 2}.whisker{stroke:#1f2328;stroke-width:1.2}.own{font-weight:600}
@media (prefers-color-scheme:dark){.ground{fill:#0d1117}text{fill:#e6edf3}.note{fill:#9198a1}.strong{fill:#4493f8}.plain{fill:#656c76}
.faint{stroke:#9198a1}.whisker{stroke:#e6edf3}}
</style>
)";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string text_at(double x, double y, const std::string& type, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, type, escaped(text));
}

// 1.25 M, 402 k, 19.5 k, 870
std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
  if (value >= 1e5) return fmt::format("{:.0f} k", value / 1e3);
  if (value >= 1e3) return fmt::format("{:.1f} k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

std::string drawn(const PlotBar& bar, double y, double most) {
  const auto x = [most](double value) { return kBarLeft + kBarWidth * value / most; };
  const char* style = bar.style == PlotBar::kStrong ? "strong" : bar.style == PlotBar::kFaint ? "faint" : "plain";
  const double middle = y + kBarHeight / 2;
  std::string out = fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\" class=\"{}\">{}</text>\n", kBarLeft - 8,
                                y + 12, bar.style == PlotBar::kStrong ? "own" : "label", escaped(bar.label));
  out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" class=\"{}\"/>\n", kBarLeft, y,
                     std::max(1.0, x(bar.value) - kBarLeft), kBarHeight, style);
  out += fmt::format("<path d=\"M{0:.1f} {2:.1f}H{1:.1f}M{0:.1f} {3:.1f}v6M{1:.1f} {3:.1f}v6\" class=\"whisker\"/>\n",
                     x(bar.least), x(bar.most), middle, middle - 3);
  return out + text_at(x(std::max(bar.value, bar.most)) + 8, y + 12, bar.style == PlotBar::kStrong ? "own" : "label",
                       short_number(bar.value) + bar.note);
}

}  // namespace

std::string svg(const std::string& title, const std::vector<Panel>& panels, const std::vector<std::string>& notes) {
  double y = 34;
  std::string body = text_at(kMargin, y, "title", title);
  for (const Panel& panel : panels) {
    double most = 1;
    for (const PlotBar& bar : panel.bars) most = std::max({most, bar.value, bar.most});
    y += 34;
    body += text_at(kMargin, y, "panel", panel.title);
    y += 12;
    for (const PlotBar& bar : panel.bars) {
      body += drawn(bar, y, most);
      y += kRow;
    }
  }
  y += 12;
  for (const auto& note : notes) body += text_at(kMargin, y += 16, "note", note);
  const double height = y + kMargin;
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1:.0f}\" viewBox=\"0 0 {0} {1:.0f}\">\n",
             kWidth, height) +
         fmt::format("{}<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n", kStyle) + body + "</svg>\n";
}

}  // namespace sluice::bench
