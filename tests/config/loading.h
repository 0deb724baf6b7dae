// Loads a configuration file's text as sluiced would.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "server/config/load.h"

namespace sluice::config {

// A directory that is gone afterwards.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Given {
  std::string file;                                // its text; empty: no file
  std::map<std::string, std::string> flags;        // by path: {"log.level", "debug"}
  std::map<std::string, std::string> environment;  // {"SLUICE_LISTEN", ...}
};

// There is one handler that is not configured, "builtin.identity". The file is called "f" in complaints.
[[nodiscard]] Loaded load(const Given& given);

// What is wrong with the file's text.
[[nodiscard]] std::string complaints(const std::string& text);
// The settings of a text with which nothing is wrong.
[[nodiscard]] Settings settings(const std::string& text);

}  // namespace sluice::config
