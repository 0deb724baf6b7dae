#include "client/cli/put_lines.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "client/cli/fd.h"
#include "client/src/limits.h"
#include "client/src/parts.h"
#include "client/src/put_parts.h"
#include "client/src/raise.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxLineBytes = 4UL << 20;
constexpr std::size_t kMaxGatheredBytes = 8UL << 20;
constexpr std::size_t kReadBytes = 256UL << 10;

}  // namespace

PutLines::PutLines(std::shared_ptr<internal::Connection> connection, std::string queue, v1::NewItem model,
                   std::optional<Duration> max_wait)
    : connection_(std::move(connection)), queue_(std::move(queue)), model_(std::move(model)), max_wait_(max_wait) {}

void PutLines::run(int input, const std::stop_token& stop) {
  learn_capacity();
  const Fd stopped(eventfd(0, EFD_CLOEXEC));
  const std::stop_callback on_stop(stop, [this] { stop_.request_stop(); });
  // Wakes the reader, whether the caller or the sender stops.
  const std::stop_callback wake(stop_.get_token(), [&stopped] { eventfd_write(stopped.get(), 1); });
  std::thread sender([this] { send_all(); });
  std::exception_ptr reading;
  try {
    read_all(input, stopped.get());
  } catch (...) {
    reading = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  sender.join();
  if (error_) std::rethrow_exception(error_);
  if (reading) std::rethrow_exception(reading);
  if (stop.stop_requested()) internal::raise(Code::kCancelled, "CANCELLED", "interrupted");
}

void PutLines::learn_capacity() {
  v1::GetQueueRequest request;
  request.set_queue(queue_);
  most_ = internal::part_items(connection_->call(request).queue().settings().capacity());
}

void PutLines::read_all(int input, int stopped) {
  std::string text;
  std::vector<char> buffer(kReadBytes);
  for (;;) {
    std::array<pollfd, 2> ready{
        {{.fd = input, .events = POLLIN, .revents = 0}, {.fd = stopped, .events = POLLIN, .revents = 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
    if (ready[1].revents != 0) return;
    if (ready[0].revents == 0) continue;
    const ssize_t count = read(input, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) break;
    if (count == 0) {
      if (!text.empty()) add(text);
      return;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    take_lines(text);
  }
  internal::raise(Code::kUnknown, "FILE", fmt::format("cannot read standard input: {}", std::strerror(errno)));
}

void PutLines::take_lines(std::string& text) {
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    add(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  text.erase(0, text.size() - rest.size());
  if (text.size() > kMaxLineBytes) {
    internal::raise(Code::kInvalidArgument, "PAYLOAD_TOO_LARGE", fmt::format("line {} is longer than 4 MiB", lines_read_ + 1));
  }
}

void PutLines::add(std::string_view line) {
  ++lines_read_;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop_.get_token(), [this] { return gathered_.size() < most_ && gathered_bytes_ < kMaxGatheredBytes; });
  if (stop_.stop_requested()) return;
  gathered_.push_back(model_);
  gathered_.back().set_payload(line.data(), line.size());
  gathered_bytes_ += line.size();
  if (gathered_.size() == 1) changed_.notify_all();
}

void PutLines::send_all() {
  try {
    for (;;) {
      std::vector<v1::NewItem> items;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop_.get_token(), [this] { return ended_ || !gathered_.empty(); });
        if (stop_.stop_requested() || gathered_.empty()) return;
        items = std::exchange(gathered_, {});
        gathered_bytes_ = 0;
      }
      changed_.notify_all();
      send(std::move(items));
    }
  } catch (...) {
    error_ = std::current_exception();
    stop_.request_stop();
  }
}

void PutLines::send(std::vector<v1::NewItem> items) {
  const std::size_t before = acknowledged_;
  const std::size_t all = items.size();
  try {
    internal::put_parts(*connection_, queue_, std::move(items),
                        {.max_wait = max_wait_, .stop = stop_.get_token(), .progress = [this, before](std::size_t count) {
                           acknowledged_ = before + count;
                         }});
  } catch (const Error& error) {
    // In these cases the last call may have been admitted although its answer did not come.
    const bool unknown =
        error.code() == Code::kUnavailable || error.code() == Code::kDeadlineExceeded || error.metadata().contains("outcome");
    if (unknown) uncertain_ = all - (acknowledged_ - before);
    throw;
  }
}

}  // namespace sluice::cli
