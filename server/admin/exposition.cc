#include "server/admin/exposition.h"

#include <array>
#include <chrono>
#include <iterator>

#include <fmt/format.h>

namespace sluice::admin {
namespace {

constexpr std::string_view word(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::kCounter:
      return "counter";
    case Exposition::Type::kGauge:
      return "gauge";
    case Exposition::Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

double seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

// The ends of the buckets as text, which every histogram needs and none should make anew.
const std::array<std::string, base::kBuckets.size()>& bucket_ends() {
  static const auto ends = [] {
    std::array<std::string, base::kBuckets.size()> texts;
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = fmt::format("{:g}", seconds(base::kBuckets[i]));
    return texts;
  }();
  return ends;
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, word(type));
}

void Exposition::write_label(std::string_view key, std::string_view text, bool first) {
  text_ += first ? '{' : ',';
  text_ += key;
  text_ += "=\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') text_ += '\\';
    if (c == '\n') {
      text_ += "\\n";
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

void Exposition::begin_line(std::string_view suffix, Labels labels, std::string_view less_or_equal) {
  text_ += name_;
  text_ += suffix;
  bool first = true;
  for (const auto& [key, text] : labels) write_label(key, text, std::exchange(first, false));
  if (!less_or_equal.empty()) write_label("le", less_or_equal, std::exchange(first, false));
  text_ += first ? " " : "} ";
}

void Exposition::value(Labels labels, std::uint64_t number) {
  begin_line("", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", number);
}

void Exposition::value(Labels labels, double number) {
  begin_line("", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", number);
}

void Exposition::value(Labels labels, const base::Histogram& histogram) {
  std::uint64_t up_to_here = 0;
  for (std::size_t i = 0; i < base::kBuckets.size(); ++i) {
    up_to_here += histogram.counts[i];
    begin_line("_bucket", labels, bucket_ends()[i]);
    fmt::format_to(std::back_inserter(text_), "{}\n", up_to_here);
  }
  const std::uint64_t all = up_to_here + histogram.counts.back();
  begin_line("_bucket", labels, "+Inf");
  fmt::format_to(std::back_inserter(text_), "{}\n", all);
  begin_line("_sum", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", seconds(histogram.sum));
  begin_line("_count", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", all);
}

}  // namespace sluice::admin
