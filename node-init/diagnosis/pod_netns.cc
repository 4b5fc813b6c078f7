#include "node-init/diagnosis/pod_netns.h"

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

namespace smc::node {
namespace {

constexpr std::size_t kMaxResolvConfBytes = 64 << 10;

bool is_number(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
}

// "1234" of "1234" and of "/proc/1234/ns/net".
std::optional<std::string> process_of(const std::string& pid_or_path) {
  if (is_number(pid_or_path)) return pid_or_path;
  constexpr std::string_view kBefore = "/proc/";
  constexpr std::string_view kBehind = "/ns/net";
  if (!pid_or_path.starts_with(kBefore) || !pid_or_path.ends_with(kBehind) ||
      pid_or_path.size() <= kBefore.size() + kBehind.size())
    return std::nullopt;
  const std::string pid =
      pid_or_path.substr(kBefore.size(), pid_or_path.size() - kBefore.size() - kBehind.size());
  return is_number(pid) ? std::optional(pid) : std::nullopt;
}

Error explained(const std::string& pid_or_path, const Error& error) {
  const bool is_pid = is_number(pid_or_path);
  switch (error.code) {
    case ENOENT:
    case ESRCH:
      if (is_pid)
        return {"there is no process " + pid_or_path, error.code,
                "the ID is that of the node: crictl inspect, or pgrep on the node"};
      return {error.what, error.code, "give a process's ID, /proc/PID/ns/net or /run/netns/NAME"};
    case EINVAL:
      return {pid_or_path + " is no network namespace", error.code,
              "give a process's ID, /proc/PID/ns/net or /run/netns/NAME"};
    case EACCES:
    case EPERM:
      return {error.what, error.code,
              "run it as root on the node: CAP_SYS_ADMIN and CAP_SYS_PTRACE are needed"};
    default:
      return error;
  }
}

}  // namespace

Result<void> in_pod_netns(System& system, const std::string& pid_or_path,
                          const std::function<void()>& body) {
  const std::string path =
      is_number(pid_or_path) ? "/proc/" + pid_or_path + "/ns/net" : pid_or_path;
  const auto entered = system.in_net_namespace(path, [&]() -> Result<void> {
    body();
    return {};
  });
  if (!entered) return explained(pid_or_path, entered.error());
  return {};
}

std::optional<std::string> pod_resolv_conf(const std::string& pid_or_path) {
  const auto pid = process_of(pid_or_path);
  if (!pid) return std::nullopt;
  const Fd root(::open(("/proc/" + *pid + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return std::nullopt;
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const Fd fd(
      static_cast<int>(::syscall(SYS_openat2, root.get(), "etc/resolv.conf", &how, sizeof how)));
  struct stat status = {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return std::nullopt;
  std::string text(kMaxResolvConfBytes, '\0');
  const ssize_t n = ::read(fd.get(), text.data(), text.size());
  if (n <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  return text;
}

}  // namespace smc::node
