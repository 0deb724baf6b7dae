#include "tests/bench/load/bare_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace sluice::bench {

BareLog::BareLog(const char* path) {
  if (path == nullptr) return;
  file_ = ::open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (file_ < 0) std::abort();
  writer_ = std::thread([this] { write_what_gathers(); });
}

BareLog::~BareLog() {
  if (file_ < 0) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  writer_.join();
  ::close(file_);
}

void BareLog::append(const std::string& records, std::function<void()> kept) {
  if (file_ < 0) return kept();
  {
    const std::lock_guard lock(mutex_);
    gathered_ += records;
    waiting_.push_back(std::move(kept));
  }
  changed_.notify_one();
}

void BareLog::write_what_gathers() {
  for (;;) {
    std::string records;
    std::vector<std::function<void()>> waiting;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      records.swap(gathered_);
      waiting.swap(waiting_);
    }
    for (std::size_t written = 0; written < records.size();) {
      const ssize_t count = ::write(file_, records.data() + written, records.size() - written);
      if (count < 0) std::abort();
      written += static_cast<std::size_t>(count);
    }
    if (::fdatasync(file_) != 0) std::abort();
    for (const auto& kept : waiting) kept();
  }
}

}  // namespace sluice::bench
