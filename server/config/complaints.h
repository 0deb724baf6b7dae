// Gathers everything that is wrong with a configuration, whichever of its sources it came from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/yaml/read.h"

namespace sluice::config {

// Not thread-safe.
class Complaints {
 public:
  explicit Complaints(yaml::Reading file);

  // The setting at `path` was given by `source`, "--listen" or "SLUICE_LISTEN": complaints about it name that instead of
  // a line of the file.
  void set_source(std::string path, std::string source) { sources_.insert_or_assign(std::move(path), std::move(source)); }

  // Left out where the file's reader complained about a neighbour: what could not be read whole would be judged wrongly.
  void add(const std::string& path, std::string message);
  // A status annotated with its "field"; where it is not, it is about `path`. OK is no complaint.
  void add(const absl::Status& status, const std::string& path);

  [[nodiscard]] bool empty() const { return outside_.empty() && file_.ok(); }
  // One a line: those about flags and environment first, then those about the file in the order of its text.
  [[nodiscard]] std::string text() const { return outside_ + file_.text(); }

 private:
  [[nodiscard]] bool is_half_read(const std::string& path) const;

  yaml::Reading file_;
  std::vector<std::string> unread_;  // paths that the file's reader complained about
  std::map<std::string, std::string> sources_;
  std::string outside_;
};

}  // namespace sluice::config
