#include "server/journal/lmdb_values.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "server/base/errors.h"

namespace sluice::journal {

absl::Status store_error(const std::filesystem::path& file, int error, std::string_view doing) {
  const auto message = fmt::format("{}: cannot {}: {}", file.string(), doing, mdb_strerror(error));
  switch (error) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_BAD_VALSIZE:
      return base::error(base::Reason::kStoreDamaged, message + "; the file is damaged: restore a backup");
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOENT:
      return absl::NotFoundError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status store_damaged(const std::filesystem::path& file, std::string_view what) {
  return base::error(base::Reason::kStoreDamaged,
                     fmt::format("{}: the file is damaged: {}; restore a backup", file.string(), what));
}

absl::Status sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return store_error(directory, errno, "open the directory");
  const int rc = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return rc == 0 ? absl::OkStatus() : store_error(directory, rc, "sync the directory");
}

}  // namespace sluice::journal
