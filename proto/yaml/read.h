// Reads YAML into any protobuf message, and says exactly what is wrong and where.
//
//   v1::PipelineSpec spec;
//   const auto reading = yaml::read_file("photos.yaml", spec);
//   if (!reading.ok()) std::cerr << reading.text();   // photos.yaml:7:5: stages[0].wokers: unknown key; did you mean
//   "workers"?
//
// Keys are the message's field names. The field's type decides how a value is read: `name: 5` is the text "5", a Duration is
// written "1.5s" or "2m", an enum's value by its full name or without the common beginning in lower case (`order: priority`
// for QUEUE_ORDER_PRIORITY), bytes as UTF-8 text. A key without a value is as good as absent where a mapping or a list belongs,
// and a complaint elsewhere. Anchors and aliases work; merge keys (<<) and several documents in one file do not.
//
// Nothing is checked but what the types say. Whoever checks ranges and references joins its own complaints with complain().
//
// Pure functions, except read_file(); thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

namespace sluice::yaml {

inline constexpr std::size_t kMaxBytes = 4UL << 20;
inline constexpr int kMaxDepth = 50;               // mappings and lists inside each other
inline constexpr std::size_t kMaxNodes = 500'000;  // keys and values, each use of an alias counted anew
inline constexpr std::size_t kMaxComplaints = 20;  // reported of one file

// Where something stands in the text, both from 1; 0 = nowhere.
struct Place {
  int line = 0;
  int column = 0;

  bool operator==(const Place&) const = default;
  [[nodiscard]] bool before(const Place& other) const { return line != other.line ? line < other.line : column < other.column; }
};

struct Complaint {
  Place place;
  // Of the field, as in "queues[2].settings.capacity" or "handlers.resize.description". Empty: the text as a whole.
  std::string path;
  // What is wrong and what to try.
  std::string message;
};

class Reading {
 public:
  // `file` is only shown.
  explicit Reading(std::string file = {}) : file_(std::move(file)) {}

  [[nodiscard]] bool ok() const { return complaints_.empty(); }
  // In the order of the text.
  [[nodiscard]] const std::vector<Complaint>& complaints() const { return complaints_; }
  // One complaint a line, each "file:line:column: path: message".
  [[nodiscard]] std::string text() const;

  // The place of the field; where it is not in the text, that of the nearest field around it that is.
  [[nodiscard]] Place place_of(std::string_view path) const;

  // Adds a complaint at the place of `path`. More than kMaxComplaints are only counted.
  void complain(std::string path, std::string message);
  void complain(Place place, std::string path, std::string message);

  // Notes where a field stands; for the reader.
  void note(const std::string& path, Place place) { places_.emplace(path, place); }

 private:
  std::string file_;
  std::vector<Complaint> complaints_;
  std::size_t left_out_ = 0;
  std::map<std::string, Place, std::less<>> places_;
};

// Merges `text` into `message`. After complaints, `message` holds what could be read.
[[nodiscard]] Reading read(std::string_view text, google::protobuf::Message& message, std::string file = "<text>");

// The same for a file; "-" is standard input.
[[nodiscard]] Reading read_file(const std::string& path, google::protobuf::Message& message);

}  // namespace sluice::yaml
