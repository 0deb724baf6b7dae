// A directory that goes with the test. In memory where there is such a place: tests that sync often are not slowed by the disk.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sluice::test {

class TempDir {
 public:
  TempDir() {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = std::getenv("TMPDIR") == nullptr && std::filesystem::is_directory(memory);
    std::string path = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "sluice-test-XXXXXX").string();
    path_ = std::filesystem::canonical(::mkdtemp(path.data()));
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace sluice::test
