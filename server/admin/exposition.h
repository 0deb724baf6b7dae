// Metrics as Prometheus reads them (text format 0.0.4).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/histogram.h"

namespace sluice::admin {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

// Writes families one after the other: begin a family, then give its values. Each family must be begun once.
class Exposition {
 public:
  enum class Type { kCounter, kGauge, kHistogram };

  // `name` begins with its prefix and ends with its unit; `help` is one line.
  void family(std::string_view name, Type type, std::string_view help);

  void value(Labels labels, std::uint64_t number);
  void value(Labels labels, double number);
  void value(Labels labels, const base::Histogram& histogram);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin_line(std::string_view suffix, Labels labels, std::string_view less_or_equal);
  void write_label(std::string_view key, std::string_view text, bool first);

  std::string text_;
  std::string name_;  // of the family
};

}  // namespace sluice::admin
