// A file that appears under its name only when it is complete.
#pragma once

#include <filesystem>
#include <string_view>

#include "client/cli/fd.h"

namespace sluice::cli {

// Gathers in NAME.part, beside it; that goes with this object unless keep() has been called. Throws Error: OUTPUT, with what
// the system says.
class PartFile {
 public:
  // Begins anew what an earlier attempt left. Readable by its owner only.
  explicit PartFile(std::filesystem::path file);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  void write(std::string_view bytes);
  // What was written is on disk, under its name, in place of what was there. Once.
  void keep();

 private:
  [[noreturn]] void fail(const char* doing) const;

  const std::filesystem::path file_;
  const std::filesystem::path part_;
  Fd fd_;
  bool kept_ = false;
};

}  // namespace sluice::cli
