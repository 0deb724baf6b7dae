#include "server/wire/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/utf8.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr std::size_t kShownBytes = 60;
constexpr std::string_view kDeadSuffix = ".dead";
constexpr std::int64_t kMicros = 1'000'000;

constexpr bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

constexpr bool is_name(std::string_view name) {
  return !name.empty() && is_alphanumeric(name.front()) && std::ranges::all_of(name, [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-' || c == ':' || c == '/';
  });
}

// As the message that people wrote has it, whatever the fields hold: "-0.5s", "3600s".
std::string duration_text(const google::protobuf::Duration& value) {
  const bool negative = value.seconds() < 0 || value.nanos() < 0;
  const bool ordinary = std::abs(static_cast<std::int64_t>(value.nanos())) < 1'000'000'000 &&
                        (value.seconds() <= 0 || value.nanos() >= 0) && (value.seconds() >= 0 || value.nanos() <= 0);
  if (!ordinary) return fmt::format("{} seconds and {} nanoseconds", value.seconds(), value.nanos());
  std::string text = fmt::format("{}", value.seconds());
  if (negative && value.seconds() == 0) text = "-0";
  if (value.nanos() != 0) {
    std::string part = fmt::format(".{:09}", std::abs(value.nanos()));
    part.resize(part.find_last_not_of('0') + 1);
    text += part;
  }
  return text + "s";
}

}  // namespace

std::string Field::text() const {
  if (around_ == nullptr) return std::string(name_);
  std::string text = around_->text();
  if (!text.empty()) text += '.';
  text += name_;
  if (index_ >= 0) text += fmt::format("[{}]", index_);
  return text;
}

std::string duration_text(base::Duration duration) {
  google::protobuf::Duration value;
  value.set_seconds(duration.count() / kMicros);
  value.set_nanos(static_cast<std::int32_t>(duration.count() % kMicros) * 1000);
  return duration_text(value);
}

std::string in_quotes(std::string_view value) {
  std::string text = "\"";
  for (const char c : value.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  text += value.size() > kShownBytes ? "\"..." : "\"";
  return text;
}

void Reader::complain(Reason reason, const Field& field, std::string_view message) {
  if (!ok()) return;
  const std::string path = field.text();
  status_ = base::error(reason, path.empty() ? std::string(message) : fmt::format("{}: {}", path, message));
  base::annotate(status_, "field", path);
}

std::string Reader::new_name(const Field& field, std::string_view name) {
  if (name.empty()) {
    complain(Reason::kInvalidName, field, "is empty; 1 to 200 of A-Z a-z 0-9 . _ - : / are allowed");
  } else if (name.size() > limits::kMaxNameBytes) {
    complain(Reason::kInvalidName, field,
             fmt::format("{} has {} bytes; 1 to {} are allowed", in_quotes(name), name.size(), limits::kMaxNameBytes));
  } else if (!is_name(name)) {
    complain(Reason::kInvalidName, field,
             fmt::format("{} is not a name; A-Z a-z 0-9 . _ - : / are allowed, a letter or digit first", in_quotes(name)));
  } else {
    return std::string(name);
  }
  return {};
}

std::string Reader::name(const Field& field, std::string_view name) {
  const bool derived = name.ends_with(kDeadSuffix) && name.size() <= limits::kMaxStoredNameBytes && is_name(name);
  return derived ? std::string(name) : new_name(field, name);
}

std::uint64_t Reader::number(const Field& field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return value;
  complain(Reason::kInvalidValue, field, fmt::format("{} is out of range; {} to {} is allowed", value, least, most));
  return least;
}

std::uint32_t Reader::number(const Field& field, std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  return static_cast<std::uint32_t>(number(field, std::uint64_t{value}, std::uint64_t{least}, std::uint64_t{most}));
}

double Reader::fraction(const Field& field, double value, double least, double most) {
  if (value >= least && value <= most) return value;
  complain(Reason::kInvalidValue, field, fmt::format("{} is out of range; {:.1f} to {:.1f} is allowed", value, least, most));
  return least;
}

base::Duration Reader::duration(const Field& field, const google::protobuf::Duration& value, DurationRange range) {
  const auto refuse = [&](std::string_view what) {
    complain(Reason::kInvalidValue, field,
             fmt::format("{} is {}; {} to {} is allowed", duration_text(value), what, duration_text(range.least),
                         duration_text(range.most)));
    return range.least;
  };
  const bool mixed_signs = (value.seconds() > 0 && value.nanos() < 0) || (value.seconds() < 0 && value.nanos() > 0);
  if (value.nanos() <= -1'000'000'000 || value.nanos() >= 1'000'000'000 || mixed_signs) return refuse("not a duration");
  // Far outside, where the sum below would overflow.
  if (value.seconds() < 0 || value.nanos() < 0 || value.seconds() > range.most.count() / kMicros) {
    return refuse("out of range");
  }
  const base::Duration micros{value.seconds() * kMicros + (value.nanos() + 999) / 1000};
  if (micros < range.least || micros > range.most) return refuse("out of range");
  return micros;
}

std::string Reader::text(const Field& field, std::string_view value, std::size_t most_bytes) {
  if (value.size() > most_bytes) {
    complain(Reason::kInvalidValue, field,
             fmt::format("{} has {} bytes; at most {} are allowed", in_quotes(value), value.size(), most_bytes));
    return {};
  }
  if (!is_utf8(value)) {
    complain(Reason::kInvalidUtf8, field, fmt::format("{} is not UTF-8", in_quotes(value)));
    return {};
  }
  return std::string(value);
}

std::uint32_t Reader::count_or(const Field& field, std::uint32_t value, std::uint32_t instead, std::uint32_t most) {
  return value == 0 ? instead : number(field, value, 1, most);
}

}  // namespace sluice::wire
