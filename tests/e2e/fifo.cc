#include "tests/e2e/fifo.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "tests/e2e/patience.h"

namespace sluice::e2e {

// Open for both, so that opening does not wait for the other side and what was written outlives the writer.
Fifo::Fifo(const std::filesystem::path& path)
    : file_(mkfifo(path.c_str(), 0600) == 0 ? open(path.c_str(), O_RDWR | O_CLOEXEC) : -1) {
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), path);
}

Fifo::~Fifo() { close(file_); }

void Fifo::write_line(const std::string& line) {
  const std::string text = line + "\n";
  if (write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::system_error(errno, std::generic_category(), "fifo");
  }
}

std::string Fifo::read_line() {
  std::string line;
  pollfd wait{file_, POLLIN, 0};
  while (poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1) {
    char next = 0;
    if (read(file_, &next, 1) != 1 || next == '\n') break;
    line += next;
  }
  return line;
}

}  // namespace sluice::e2e
