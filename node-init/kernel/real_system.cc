// The running kernel, as a System.
#include "node-init/kernel/real_system.h"

#include <cerrno>
#include <exception>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

namespace smc::node {
namespace {

// Runs `body` on a thread that `enter` has moved to another namespace; the thread ends with it, so
// nothing has to be moved back.
Result<void> on_a_thread_of_its_own(const std::function<Result<void>()>& enter,
                                    const std::function<Result<void>()>& body) {
  Result<void> result;
  std::exception_ptr thrown;
  std::thread worker([&] {
    try {
      result = enter();
      if (result) result = body();
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  worker.join();
  if (thrown) std::rethrow_exception(thrown);
  return result;
}

template <class T>
Result<void> read_option(const Fd& socket, int option, const std::string& what, T& value) {
  socklen_t size = sizeof value;
  if (::getsockopt(socket.get(), SOL_SOCKET, option, &value, &size) == 0) return {};
  return Error{"read a socket's " + what, errno, {}};
}

class RealSystem final : public System {
 public:
  explicit RealSystem(std::string host_root) : host_root_(std::move(host_root)) {}

  Result<std::string> read_file(const std::string& path) override {
    return smc::read_file(path, kMaxKernelFileBytes);
  }

  Result<std::vector<std::string>> list_directory(const std::string& path) override {
    std::error_code failed;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(path, failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed))
      names.push_back(entry->path().filename().string());
    if (failed) return Error{"list " + path, failed.value(), {}};
    return names;
  }

  Result<std::string> read_link(const std::string& path) override {
    std::error_code failed;
    auto target = std::filesystem::read_symlink(path, failed);
    if (failed) return Error{"read the link " + path, failed.value(), {}};
    return target.string();
  }

  Result<void> write_file(const std::string& path, const std::string& value) override {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid() && errno == EROFS && !host_root_.empty())
      fd = Fd(::open((host_root_ + path).c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid()) return Error{"open " + path + " for writing", errno, {}};
    // One call: a sysctl takes each write as a whole value.
    const ssize_t n = ::write(fd.get(), value.data(), value.size());
    if (n < 0) return Error{"write \"" + value + "\" to " + path, errno, {}};
    if (static_cast<std::size_t>(n) != value.size())
      return Error{"write \"" + value + "\" to " + path + ": cut short", EIO, {}};
    return {};
  }

  Result<std::unique_ptr<NetlinkSocket>> open_netlink(int protocol, std::uint32_t groups) override {
    return open_real_netlink(protocol, groups);
  }

  Result<std::unique_ptr<DirectoryEvents>> watch_directories() override {
    return watch_real_directories();
  }

  Result<std::vector<VerbsDevice>> verbs_devices() override { return real_verbs_devices(); }

  Result<void> in_net_namespace(const std::string& path,
                                const std::function<Result<void>()>& body) override {
    // A FIFO that somebody names by mistake has no writer to wait for.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) return Error{"open the network namespace " + path, errno, {}};
    const auto enter = [&]() -> Result<void> {
      if (::setns(fd.get(), CLONE_NEWNET) == 0) return {};
      return Error{"enter the network namespace " + path, errno, "CAP_SYS_ADMIN is needed"};
    };
    return on_a_thread_of_its_own(enter, body);
  }

  Result<void> in_new_net_namespace(const std::function<Result<void>()>& body) override {
    const auto enter = []() -> Result<void> {
      if (::unshare(CLONE_NEWNET) == 0) return {};
      return Error{"make a network namespace", errno, "CAP_SYS_ADMIN is needed: run privileged"};
    };
    return on_a_thread_of_its_own(enter, body);
  }

  Result<std::unique_ptr<SmcPair>> connect_smc_pair(const std::string& address,
                                                    std::chrono::milliseconds timeout) override {
    return connect_real_smc_pair(address, timeout);
  }

  Result<int> stream_socket_protocol() override {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return Error{"open a stream socket", errno, {}};
    int protocol = 0;
    if (auto read = read_option(fd, SO_PROTOCOL, "protocol", protocol); !read) return read.error();
    return protocol;
  }

  // Of any socket: one that no switch changes.
  Result<std::uint64_t> net_namespace_cookie() override {
    const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return Error{"open a socket", errno, {}};
    std::uint64_t cookie = 0;
    if (auto read = read_option(fd, SO_NETNS_COOKIE, "network namespace's cookie", cookie); !read)
      return read.error();
    return cookie;
  }

  Clock::time_point now() override { return Clock::now(); }
  std::chrono::system_clock::time_point wall_time() override {
    return std::chrono::system_clock::now();
  }
  void sleep_for(std::chrono::milliseconds duration) override {
    std::this_thread::sleep_for(duration);
  }

 private:
  const std::string host_root_;
};

}  // namespace

std::unique_ptr<System> make_real_system(const std::string& host_root) {
  return std::make_unique<RealSystem>(host_root);
}

}  // namespace smc::node
