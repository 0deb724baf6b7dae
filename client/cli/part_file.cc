#include "client/cli/part_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "client/src/raise.h"

namespace sluice::cli {

PartFile::PartFile(std::filesystem::path file)
    : file_(std::move(file)),
      part_(file_.string() + ".part"),
      fd_(::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  if (!fd_.valid()) fail("create");
}

PartFile::~PartFile() {
  if (!kept_) ::unlink(part_.c_str());
}

void PartFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void PartFile::keep() {
  if (::fsync(fd_.get()) != 0) fail("sync");
  if (::rename(part_.c_str(), file_.c_str()) != 0) fail("rename");
  kept_ = true;
  const auto directory = file_.has_parent_path() ? file_.parent_path() : std::filesystem::path(".");
  const Fd name(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!name.valid() || ::fsync(name.get()) != 0) fail("sync the directory of");
}

void PartFile::fail(const char* doing) const {
  const int error = errno;
  internal::raise(Code::kUnknown, "OUTPUT",
                  fmt::format("cannot {} {}: {}", doing, part_.string(), std::generic_category().message(error)));
}

}  // namespace sluice::cli
