// Reads values out of messages and keeps the first complaint. Every check of a request is made of these.
//
// A Reader goes through a whole message: each call gives the value converted, or a harmless stand-in after noting what is
// wrong. The caller looks at status() once, at the end. Not thread-safe; lives on the stack.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/duration.pb.h>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/base/errors.h"

namespace sluice::wire {

// Where a value stands: "items[3].payload". Costs nothing until a complaint spells it out. A part refers to the field around
// it, which must live longer: build them downwards, as arguments and locals.
class Field {
 public:
  // The message itself.
  constexpr Field() = default;
  constexpr Field(const Field& around, std::string_view name) : around_(&around), name_(name) {}
  constexpr Field(const Field& around, std::string_view name, std::size_t index)
      : around_(&around), name_(name), index_(static_cast<std::ptrdiff_t>(index)) {}

  [[nodiscard]] std::string text() const;

 private:
  const Field* around_ = nullptr;
  std::string_view name_;
  std::ptrdiff_t index_ = -1;  // none
};

struct DurationRange {
  base::Duration least;
  base::Duration most;
};

class Reader {
 public:
  [[nodiscard]] bool ok() const { return status_.ok(); }
  // OK, or the first complaint. It is annotated with its "field".
  [[nodiscard]] const absl::Status& status() const { return status_; }

  // Notes a complaint: "items[3].delay: " and the message. `message` says value and range.
  void complain(base::Reason reason, const Field& field, std::string_view message);

  // A name for something new, 1 to 200 characters.
  std::string new_name(const Field& field, std::string_view name);
  // A name of something that may exist: as above, or with ".dead" appended to such a name.
  std::string name(const Field& field, std::string_view name);

  // Within [least, most].
  std::uint64_t number(const Field& field, std::uint64_t value, std::uint64_t least, std::uint64_t most);
  std::uint32_t number(const Field& field, std::uint32_t value, std::uint32_t least, std::uint32_t most);
  // The same for fractions; not-a-number is outside of every range.
  double fraction(const Field& field, double value, double least, double most);
  // The same; parts of a microsecond are rounded up, so that more than nothing stays more than nothing.
  base::Duration duration(const Field& field, const google::protobuf::Duration& value, DurationRange range);
  // At most so many bytes of UTF-8.
  std::string text(const Field& field, std::string_view value, std::size_t most_bytes);
  // `value`, or `instead` where it is 0, which stands for absent; 1 to `most`.
  std::uint32_t count_or(const Field& field, std::uint32_t value, std::uint32_t instead, std::uint32_t most);

 private:
  absl::Status status_;
};

// For people: "1.5s".
[[nodiscard]] std::string duration_text(base::Duration duration);
// `value` in quotes, cut and with everything unprintable escaped: fit for a message.
[[nodiscard]] std::string in_quotes(std::string_view value);

}  // namespace sluice::wire
