#include "base/file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

namespace smc {
namespace {

constexpr std::size_t kReadStep = 64 << 10;

}  // namespace

Result<std::string> read_all(int fd, const std::string& name, std::size_t max_bytes) {
  std::string content;
  for (;;) {
    const std::size_t had = content.size();
    const std::size_t step = std::min(kReadStep, max_bytes + 1 - had);
    content.resize(had + step);
    const ssize_t n = ::read(fd, content.data() + had, step);
    if (n < 0 && errno != EINTR) return Error{"read " + name, errno, {}};
    content.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return content;
    if (content.size() > max_bytes)
      return Error{name + " is larger than " + std::to_string(max_bytes) + " bytes", EFBIG, {}};
  }
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return Error{"open " + path, errno, {}};
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return Error{"stat " + path, errno, {}};
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    return Error{path + " is no regular file", 0, "put a file there, not a FIFO or a device"};
  return read_all(fd.get(), path, max_bytes);  // says EISDIR itself
}

Result<std::string> read_stream(const std::string& path, std::size_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Error{"open " + path, errno, {}};
  return read_all(fd.get(), path, max_bytes);
}

Result<void> write_all(int fd, const std::string& name, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{"write " + name, errno, {}};
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_file_atomic(const std::string& path, std::string_view content, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return Error{"create a temporary file beside " + path, errno, {}};

  Result<void> written = write_all(fd.get(), temporary, content);
  int failed = written ? 0 : written.error().code;
  if (failed == 0 && ::fchmod(fd.get(), mode) != 0) failed = errno;
  if (failed == 0 && ::fsync(fd.get()) != 0) failed = errno;
  fd.reset();
  if (failed == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) failed = errno;
  if (failed == 0) return {};
  ::unlink(temporary.c_str());
  return Error{"write " + path, failed, {}};
}

}  // namespace smc
