// Watched directories, by inotify(7).
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "node-init/kernel/real_system.h"

namespace smc::node {
namespace {

class RealDirectoryEvents final : public DirectoryEvents {
 public:
  explicit RealDirectoryEvents(Fd inotify) : inotify_(std::move(inotify)) {}

  Result<void> add(const std::string& path) override {
    const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), IN_CREATE | IN_ONLYDIR);
    if (watch < 0)
      return Error{"watch " + path, errno,
                   errno == ENOSPC ? "raise fs.inotify.max_user_watches on the node" : ""};
    paths_[watch] = path;
    return {};
  }

  std::vector<DirectoryEvent> take() override {
    std::vector<DirectoryEvent> events;
    alignas(inotify_event) std::array<char, 16 * 1024> buffer;
    while (true) {
      const ssize_t n = ::read(inotify_.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return events;
      for (std::size_t at = 0; at < static_cast<std::size_t>(n);)
        at += take_one(buffer.data() + at, events);
    }
  }

  int descriptor() const override { return inotify_.get(); }

 private:
  // The event's size.
  std::size_t take_one(const char* bytes, std::vector<DirectoryEvent>& events) {
    inotify_event event{};
    std::memcpy(&event, bytes, sizeof event);
    const std::size_t size = sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      events.push_back({});
    } else if ((event.mask & IN_IGNORED) != 0) {
      paths_.erase(event.wd);
    } else if ((event.mask & IN_ISDIR) != 0 && event.len != 0) {
      const auto path = paths_.find(event.wd);
      if (path != paths_.end()) events.push_back({path->second, bytes + sizeof event});
    }
    return size;
  }

  Fd inotify_;
  std::map<int, std::string> paths_;
};

}  // namespace

Result<std::unique_ptr<DirectoryEvents>> watch_real_directories() {
  Fd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid())
    return Error{"watch directories", errno,
                 errno == EMFILE ? "raise fs.inotify.max_user_instances on the node" : ""};
  return std::unique_ptr<DirectoryEvents>(
      std::make_unique<RealDirectoryEvents>(std::move(inotify)));
}

}  // namespace smc::node
