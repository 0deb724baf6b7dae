#include "tests/support/disk_log.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstring>
#include <mutex>
#include <optional>

namespace sluice::test {
namespace {

struct Fault {
  std::string directory;
  DiskCall call{};
  std::uint64_t n = 0;
  int error = 0;
  bool forever = false;
  std::uint64_t seen = 0;
};

// What the interposed calls look at. Leaked, because calls may come until the very end of the process.
struct Watch {
  std::mutex mutex;
  std::string file;  // of the DiskLog; empty: none
  std::vector<DiskEvent> events;
  std::optional<Fault> fault;
  std::string full;  // the directory of the FullDisk; empty: none
};

Watch& watch() {
  static auto* const the = new Watch;
  return *the;
}

std::string path_of(int fd) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}

// 0, or the error that this call is to have.
int fault_for(DiskCall call, const std::string& path) {
  Watch& the = watch();
  if (!the.fault || the.fault->call != call || !path.starts_with(the.fault->directory)) return 0;
  const std::uint64_t number = ++the.fault->seen;
  const bool now = number == the.fault->n || (the.fault->forever && number > the.fault->n);
  if (now && the.fault->error == kKilled) ::kill(::getpid(), SIGKILL);
  return now ? the.fault->error : 0;
}

// Before a write or sync: true if it is to fail, with errno set.
bool fails(DiskCall call, int fd) {
  const std::lock_guard lock(watch().mutex);
  if (!watch().fault) return false;
  const int error = fault_for(call, path_of(fd));
  if (error != 0) errno = error;
  return error != 0;
}

// Before bytes are written to, or blocks set aside for, [0, end) of a file: true if the disk is full, with errno set.
bool lacks_blocks(int fd, std::int64_t end) {
  const std::lock_guard lock(watch().mutex);
  if (watch().full.empty() || !path_of(fd).starts_with(watch().full)) return false;
  struct stat file {};
  if (::fstat(fd, &file) == 0 && end <= file.st_blocks * 512) return false;
  errno = ENOSPC;
  return true;
}

void note(int fd, std::int64_t offset, const char* data, std::size_t size) {
  const std::lock_guard lock(watch().mutex);
  if (watch().file.empty() || path_of(fd) != watch().file) return;
  const bool at_once = (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  watch().events.emplace_back(DiskWrite{offset, std::string(data, size), at_once});
}

void note_sync(int fd) {
  const std::lock_guard lock(watch().mutex);
  if (!watch().file.empty() && path_of(fd) == watch().file) watch().events.emplace_back(DiskSync{});
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void apply(std::string& image, std::int64_t offset, const char* data, std::size_t size) {
  const auto begin = static_cast<std::size_t>(offset);
  if (image.size() < begin + size) image.resize(begin + size, '\0');
  std::memcpy(image.data() + begin, data, size);
}

void apply_torn(std::string& image, const DiskWrite& write, std::mt19937_64& chance) {
  constexpr std::size_t kSector = 512;
  for (std::size_t begin = 0; begin < write.bytes.size(); begin += kSector) {
    if (chance() % 2 == 0) continue;
    const std::size_t size = std::min(kSector, write.bytes.size() - begin);
    apply(image, write.offset + static_cast<std::int64_t>(begin), write.bytes.data() + begin, size);
  }
}

}  // namespace

DiskLog::DiskLog(const std::filesystem::path& directory, std::string name) {
  const std::lock_guard lock(watch().mutex);
  watch().file = (std::filesystem::canonical(directory) / name).string();
  watch().events.clear();
}

DiskLog::~DiskLog() {
  const std::lock_guard lock(watch().mutex);
  watch().file.clear();
}

void DiskLog::mark(std::uint64_t acknowledged) {
  const std::lock_guard lock(watch().mutex);
  watch().events.emplace_back(DiskMark{acknowledged});
}

std::vector<DiskEvent> DiskLog::events() const {
  const std::lock_guard lock(watch().mutex);
  return watch().events;
}

std::string after_power_loss(std::string image, const std::vector<DiskEvent>& events, std::size_t count, Unsynced unsynced,
                             bool honour_syncs, std::mt19937_64& chance) {
  std::vector<const DiskWrite*> pending;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* write = std::get_if<DiskWrite>(&events[i])) {
      if (write->synced_at_once) {
        apply(image, write->offset, write->bytes.data(), write->bytes.size());
      } else {
        pending.push_back(write);
      }
    } else if (std::holds_alternative<DiskSync>(events[i]) && honour_syncs) {
      for (const DiskWrite* one : pending) apply(image, one->offset, one->bytes.data(), one->bytes.size());
      pending.clear();
    }
  }
  for (const DiskWrite* one : pending) {
    if (unsynced == Unsynced::kTorn) apply_torn(image, *one, chance);
    if (unsynced == Unsynced::kSome && chance() % 2 == 0) apply(image, one->offset, one->bytes.data(), one->bytes.size());
  }
  return image;
}

DiskFault::DiskFault(const std::filesystem::path& directory, DiskCall call, std::uint64_t n, int error, bool forever) {
  const std::lock_guard lock(watch().mutex);
  watch().fault = Fault{std::filesystem::canonical(directory).string(), call, n, error, forever};
}

DiskFault::~DiskFault() {
  const std::lock_guard lock(watch().mutex);
  watch().fault.reset();
}

bool DiskFault::happened() const {
  const std::lock_guard lock(watch().mutex);
  return watch().fault->seen >= watch().fault->n;
}

FullDisk::FullDisk(const std::filesystem::path& directory) {
  const std::lock_guard lock(watch().mutex);
  watch().full = std::filesystem::canonical(directory).string();
}

FullDisk::~FullDisk() {
  const std::lock_guard lock(watch().mutex);
  watch().full.clear();
}

}  // namespace sluice::test

// The interposed calls: those by which LMDB writes, syncs and opens. A definition in the program comes before the C library's.
extern "C" {

using sluice::test::DiskCall;

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = sluice::test::next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  if (sluice::test::fails(DiskCall::kWrite, fd)) return -1;
  if (sluice::test::lacks_blocks(fd, offset + static_cast<off_t>(size))) return -1;
  const ssize_t written = real(fd, data, size, offset);
  if (written > 0) sluice::test::note(fd, offset, static_cast<const char*>(data), static_cast<size_t>(written));
  return written;
}

// LMDB also writes at the file position, after an lseek.
ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = sluice::test::next<ssize_t (*)(int, const void*, size_t)>("write");
  if (sluice::test::fails(DiskCall::kWrite, fd)) return -1;
  const off_t offset = ::lseek(fd, 0, SEEK_CUR);
  if (offset >= 0 && sluice::test::lacks_blocks(fd, offset + static_cast<off_t>(size))) return -1;
  const ssize_t written = real(fd, data, size);
  if (written > 0 && offset >= 0) sluice::test::note(fd, offset, static_cast<const char*>(data), static_cast<size_t>(written));
  return written;
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  ssize_t total = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t written = write(fd, parts[i].iov_base, parts[i].iov_len);
    if (written < 0) return total > 0 ? total : -1;
    total += written;
  }
  return total;
}

int fdatasync(int fd) {
  static const auto real = sluice::test::next<int (*)(int)>("fdatasync");
  if (sluice::test::fails(DiskCall::kSync, fd)) return -1;
  const int result = real(fd);
  if (result == 0) sluice::test::note_sync(fd);
  return result;
}

// Both names: which one is called depends on how the caller was compiled.
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  static const auto real = sluice::test::next<int (*)(int, int, off64_t, off64_t)>("fallocate64");
  if (sluice::test::fails(DiskCall::kSetAside, fd)) return -1;
  if (sluice::test::lacks_blocks(fd, offset + length)) return -1;
  return real(fd, mode, offset, length);
}
int fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate64(fd, mode, offset, length); }

int fsync(int fd) {
  static const auto real = sluice::test::next<int (*)(int)>("fsync");
  if (sluice::test::fails(DiskCall::kSync, fd)) return -1;
  const int result = real(fd);
  if (result == 0) sluice::test::note_sync(fd);
  return result;
}

int open(const char* path, int flags, ...) {
  static const auto real = sluice::test::next<int (*)(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  {
    const std::lock_guard lock(sluice::test::watch().mutex);
    const int error = sluice::test::fault_for(DiskCall::kOpen, path);
    if (error != 0) {
      errno = error;
      return -1;
    }
  }
  return real(path, flags, mode);
}
}
