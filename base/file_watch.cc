#include "base/file_watch.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.h"

namespace smc {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

DirectoryWatch::DirectoryWatch(const std::vector<std::string>& files)
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  for (const std::string& file : files) {
    std::string directory = std::filesystem::path(file).parent_path().string();
    if (directory.empty()) directory = ".";
    if (std::find(directories_.begin(), directories_.end(), directory) == directories_.end())
      directories_.push_back(std::move(directory));
  }
  renew();
}

void DirectoryWatch::renew() {
  std::array<char, 4096> events{};
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  // the same directory again changes nothing; a new one at the path is watched from now on
  for (const std::string& directory : directories_)
    ::inotify_add_watch(inotify_.get(), directory.c_str(), kEvents);
}

FileSet::FileSet(std::vector<std::string> paths, std::size_t max_bytes)
    : paths_(std::move(paths)), max_bytes_(max_bytes) {}

Result<FileSet::Contents> FileSet::read() const {
  Contents contents;
  for (const std::string& path : paths_) {
    auto content = read_file(path, max_bytes_);
    if (!content) return content.error();
    contents.push_back(std::move(*content));
  }
  return contents;
}

std::optional<Result<FileSet::Contents>> FileSet::changed() {
  Result<Contents> contents = read();
  std::size_t hash = contents ? 1 : std::hash<std::string>{}(contents.error().text());
  if (contents)
    for (const std::string& content : *contents)
      hash = hash * 31 + std::hash<std::string>{}(content);
  if (last_hash_ == hash) return std::nullopt;
  last_hash_ = hash;
  return contents;
}

}  // namespace smc
