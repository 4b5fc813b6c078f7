#include "webhook/commands/output_file.h"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

namespace smc::webhook {
namespace {

constexpr mode_t kNewFile = 0666;  // less the umask, as for a shell's ">"
constexpr mode_t kPermissions = 07777;

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? path : std::string(real.get());
}

// Whether a new file could take this one's place unnoticed.
bool may_be_renamed_over(int fd, const struct stat& status) {
  return status.st_nlink == 1 && ::flistxattr(fd, nullptr, 0) <= 0;
}

// Nothing where the file has to be written in place; then nothing has happened.
std::optional<Result<void>> rename_over(const std::string& path, const struct stat& status,
                                        std::string_view content) {
  std::string temporary = path + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return {};
  struct Removed {
    const std::string& name;
    ~Removed() { ::unlink(name.c_str()); }
  } const removed{temporary};

  if (::fchown(fd.get(), status.st_uid, status.st_gid) != 0) return {};
  if (::fchmod(fd.get(), status.st_mode & kPermissions) != 0) return {};
  if (Result<void> written = write_all(fd.get(), path, content); !written) {
    written.error().hint = "the file is as it was";
    return written;
  }
  if (::fsync(fd.get()) != 0) return Error{"write " + path, errno, "the file is as it was"};
  fd.reset();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return {};  // a mount of its own
  return Result<void>();
}

Result<void> write_in_place(int fd, const std::string& path, off_t old_size,
                            std::string_view content) {
  const auto size = static_cast<off_t>(content.size());
  if (size > old_size) {
    const int failed = ::posix_fallocate(fd, old_size, size - old_size);
    if (failed == ENOSPC || failed == EFBIG || failed == EDQUOT) {
      const bool is_back = ::ftruncate(fd, old_size) == 0;
      return Error{"reserve space in " + path, failed,
                   is_back ? "the file is as it was" : "the file is longer than it was"};
    }
  }
  Result<void> written = write_all(fd, path, content);
  if (written && ::ftruncate(fd, size) != 0) written = Error{"cut " + path, errno, {}};
  if (!written) {
    const off_t done = ::lseek(fd, 0, SEEK_CUR);
    written.error().hint = "it holds the first " + std::to_string(done) + " of " +
                           std::to_string(size) + " bytes now; write it again";
  }
  return written;
}

Result<void> write_new(int fd, const std::string& path, std::string_view content) {
  Result<void> written = write_all(fd, path, content);
  if (!written) {
    ::unlink(real_path(path).c_str());
    written.error().hint = "no part of it is left";
  }
  return written;
}

}  // namespace

Result<void> write_output(const std::string& path, std::string_view content) {
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
  Fd fd(::open(path.c_str(), kFlags));
  const bool is_new = !fd.valid() && errno == ENOENT;
  if (is_new) fd = Fd(::open(path.c_str(), kFlags | O_CREAT, kNewFile));
  if (!fd.valid()) return Error{"open " + path, errno, "name a file that can be written"};

  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return Error{"stat " + path, errno, {}};
  if (is_new) return write_new(fd.get(), path, content);
  if (!S_ISREG(status.st_mode)) return write_all(fd.get(), path, content);
  if (may_be_renamed_over(fd.get(), status))
    if (const auto done = rename_over(real_path(path), status, content)) return *done;
  return write_in_place(fd.get(), path, status.st_size, content);
}

}  // namespace smc::webhook
