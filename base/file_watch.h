// Notices that files have changed. A mounted Secret or ConfigMap is replaced by renaming a symlink
// beside the file ("..data"), which no watch on the file itself would see: the directories are
// watched, and the files' content decides. For one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace smc {

// inotify on the directories of some files. Only a hint: what it misses (network file systems, a
// directory that is replaced) is for the poll.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(const std::vector<std::string>& files);

  // Readable when something happened; -1 where the kernel gives no inotify instance.
  int fd() const { return inotify_.get(); }
  // Takes what has happened, and watches anew what has been replaced since.
  void renew();

 private:
  std::vector<std::string> directories_;
  Fd inotify_;
};

// Files that are used together, and when their content was last looked at.
class FileSet {
 public:
  // Files over `max_bytes` are an error.
  FileSet(std::vector<std::string> paths, std::size_t max_bytes);

  using Contents = std::vector<std::string>;

  // The contents in the order of the paths, or why they cannot be read; nothing when that is what
  // the last call found too.
  std::optional<Result<Contents>> changed();

  const std::vector<std::string>& paths() const { return paths_; }

 private:
  Result<Contents> read() const;

  std::vector<std::string> paths_;
  std::size_t max_bytes_;
  std::optional<std::size_t> last_hash_;
};

}  // namespace smc
