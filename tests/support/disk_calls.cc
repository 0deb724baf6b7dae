// The calls by which a program writes, syncs, opens and names files, interposed, and those who watch them.
#include "tests/support/deadline.h"
#include "tests/support/disk_log.h"
#include "tests/support/disk_tree.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdarg>
#include <map>
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
  std::string held;              // the directory of the HeldSync; empty: none
  std::uint64_t held_syncs = 0;  // that have come to it
  std::condition_variable held_changed;
  std::string full;  // the directory of the FullDisk; empty: none
  std::string tree;  // the directory of the DiskTreeLog; empty: none
  std::vector<TreeEvent> tree_events;
  std::uint64_t tree_created = 0;
  std::map<ino_t, std::uint64_t> tree_files;  // by inode
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

// Before a call: true if it is to fail, with errno set.
bool fails(DiskCall call, const std::string& path) {
  const std::lock_guard lock(watch().mutex);
  const int error = fault_for(call, path);
  if (error != 0) errno = error;
  return error != 0;
}

bool fails(DiskCall call, int fd) {
  const std::lock_guard lock(watch().mutex);
  if (!watch().fault) return false;
  const int error = fault_for(call, path_of(fd));
  if (error != 0) errno = error;
  return error != 0;
}

// Before a sync: waits for as long as it is held.
void wait_while_held(int fd) {
  std::unique_lock lock(watch().mutex);
  if (watch().held.empty() || !path_of(fd).starts_with(watch().held)) return;
  ++watch().held_syncs;
  watch().held_changed.notify_all();
  watch().held_changed.wait(lock, [] { return watch().held.empty(); });
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

// A path below the directory of the DiskTreeLog, relative to it; none for others.
std::optional<std::string> in_tree(const std::string& path) {
  const std::string& top = watch().tree;
  if (top.empty() || !path.starts_with(top)) return std::nullopt;
  if (path.size() == top.size()) return "";
  return path[top.size()] == '/' ? std::optional(path.substr(top.size() + 1)) : std::nullopt;
}

// The number of a file that was created under the DiskTreeLog; 0 for others.
std::uint64_t tree_file(int fd) {
  struct stat file {};
  if (watch().tree.empty() || ::fstat(fd, &file) != 0) return 0;
  const auto found = watch().tree_files.find(file.st_ino);
  return found == watch().tree_files.end() ? 0 : found->second;
}

void note_create(int fd, const std::string& path) {
  const std::lock_guard lock(watch().mutex);
  const auto inside = in_tree(path);
  struct stat file {};
  if (!inside || ::fstat(fd, &file) != 0) return;
  const std::uint64_t number = ++watch().tree_created;
  watch().tree_files[file.st_ino] = number;
  watch().tree_events.emplace_back(TreeCreate{*inside, number});
}

void note_directory(const char* path) {
  const std::lock_guard lock(watch().mutex);
  if (const auto inside = in_tree(path)) watch().tree_events.emplace_back(TreeMakeDirectory{*inside});
}

void note_rename(const char* from, const char* to) {
  const std::lock_guard lock(watch().mutex);
  const auto inside = in_tree(from);
  const auto outside = in_tree(to);
  struct stat file {};
  if (!inside || !outside || ::stat(to, &file) != 0) return;
  const auto number = watch().tree_files.find(file.st_ino);
  if (number != watch().tree_files.end()) watch().tree_events.emplace_back(TreeRename{*inside, *outside, number->second});
}

void note(int fd, std::int64_t offset, const char* data, std::size_t size) {
  const std::lock_guard lock(watch().mutex);
  const std::uint64_t number = tree_file(fd);
  const bool wanted = !watch().file.empty() && path_of(fd) == watch().file;
  if (!wanted && number == 0) return;
  const bool at_once = (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  const DiskWrite write{offset, std::string(data, size), at_once};
  if (wanted) watch().events.emplace_back(write);
  if (number != 0) watch().tree_events.emplace_back(TreeWrite{number, write});
}

void note_sync(int fd) {
  const std::lock_guard lock(watch().mutex);
  if (!watch().file.empty() && path_of(fd) == watch().file) watch().events.emplace_back(DiskSync{});
  struct stat file {};
  if (watch().tree.empty() || ::fstat(fd, &file) != 0) return;
  if (const std::uint64_t number = tree_file(fd)) watch().tree_events.emplace_back(TreeSync{number});
  const auto inside = S_ISDIR(file.st_mode) ? in_tree(path_of(fd)) : std::nullopt;
  if (inside) watch().tree_events.emplace_back(TreeSyncDirectory{*inside});
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
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

HeldSync::HeldSync(const std::filesystem::path& directory) {
  const std::lock_guard lock(watch().mutex);
  watch().held = std::filesystem::canonical(directory).string();
  watch().held_syncs = 0;
}

HeldSync::~HeldSync() {
  const std::lock_guard lock(watch().mutex);
  watch().held.clear();
  watch().held_changed.notify_all();
}

bool HeldSync::wait_for_sync() {
  std::unique_lock lock(watch().mutex);
  return watch().held_changed.wait_for(lock, support::kDeadline, [] { return watch().held_syncs > 0; });
}

DiskTreeLog::DiskTreeLog(const std::filesystem::path& directory) {
  const std::lock_guard lock(watch().mutex);
  watch().tree = std::filesystem::canonical(directory).string();
  watch().tree_events.clear();
  watch().tree_files.clear();
}

DiskTreeLog::~DiskTreeLog() {
  const std::lock_guard lock(watch().mutex);
  watch().tree.clear();
}

void DiskTreeLog::mark(std::uint64_t acknowledged) {
  const std::lock_guard lock(watch().mutex);
  watch().tree_events.emplace_back(DiskMark{acknowledged});
}

std::vector<TreeEvent> DiskTreeLog::events() const {
  const std::lock_guard lock(watch().mutex);
  return watch().tree_events;
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

// The interposed calls. A definition in the program comes before the C library's.
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
  sluice::test::wait_while_held(fd);
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
  sluice::test::wait_while_held(fd);
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
  if (sluice::test::fails(DiskCall::kOpen, path)) return -1;
  const bool creates = (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  const int fd = real(path, flags, mode);
  if (creates && fd >= 0) sluice::test::note_create(fd, path);
  return fd;
}

ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  static const auto real = sluice::test::next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  if (sluice::test::fails(DiskCall::kRead, fd)) return -1;
  return real(fd, data, size, offset);
}

int rename(const char* from, const char* to) {
  static const auto real = sluice::test::next<int (*)(const char*, const char*)>("rename");
  if (sluice::test::fails(DiskCall::kRename, from)) return -1;
  const int result = real(from, to);
  if (result == 0) sluice::test::note_rename(from, to);
  return result;
}

int mkdir(const char* path, mode_t mode) {
  static const auto real = sluice::test::next<int (*)(const char*, mode_t)>("mkdir");
  const int result = real(path, mode);
  if (result == 0) sluice::test::note_directory(path);
  return result;
}
}
