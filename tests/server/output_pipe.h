// The process's own standard output, to be read by a test that runs a server inside itself.
#pragma once

#include <unistd.h>

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace sluice {

// Standard output as a pipe, as long as it lives. One at a time.
class OutputPipe {
 public:
  OutputPipe() : saved_(::dup(STDOUT_FILENO)) {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    ::dup2(ends_[1], STDOUT_FILENO);
    ::close(ends_[1]);
  }
  ~OutputPipe() {
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    ::close(ends_[0]);
  }
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;

  // Returns everything that came since the call before, once `text` has come or nothing can come any more.
  std::string wait_for(const std::string& text) const {
    std::string seen;
    std::array<char, 256> buffer{};
    while (seen.find(text) == std::string::npos) {
      const auto count = ::read(ends_[0], buffer.data(), buffer.size());
      if (count <= 0) break;
      seen.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return seen;
  }

 private:
  int saved_;
  std::array<int, 2> ends_{};
};

}  // namespace sluice
