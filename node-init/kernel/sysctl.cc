#include "node-init/kernel/sysctl.h"

#include <cerrno>

namespace smc::node {
namespace {

std::string sysctl_hint(int code) {
  switch (code) {
    case EROFS:
      return "/proc/sys is read-only in this container: run privileged";
    case EACCES:
    case EPERM:
      return "root in the container and CAP_NET_ADMIN are needed: run privileged";
    case EINVAL:
      return "the kernel does not take this value; the least for rmem and wmem is 16384";
    case ENOENT:
      return "this kernel has no such parameter";
    default:
      return "";
  }
}

}  // namespace

std::string sysctl_path(const std::vector<std::string>& parts) {
  std::string path = "/proc/sys";
  for (const std::string& part : parts) path += "/" + part;
  return path;
}

Result<std::optional<std::string>> read_sysctl(System& system, const std::string& path) {
  auto text = system.read_file(path);
  if (!text && text.error().code == ENOENT) return std::optional<std::string>();
  if (!text) return Error{text.error().what, text.error().code, sysctl_hint(text.error().code)};
  text->erase(text->find_last_not_of(" \t\n") + 1);
  return std::optional(std::move(*text));
}

Result<bool> ensure_sysctl(System& system, const std::string& path, const std::string& value) {
  const auto before = read_sysctl(system, path);
  if (!before) return before.error();
  if (!*before) return Error{"set " + path, ENOENT, sysctl_hint(ENOENT)};
  if (**before == value) return false;
  if (auto written = system.write_file(path, value); !written)
    return Error{written.error().what, written.error().code, sysctl_hint(written.error().code)};
  const auto after = read_sysctl(system, path);
  if (!after) return after.error();
  if (*after != value)
    return Error{
        "set " + path + " to " + value + ": it reads back as " + after->value_or("nothing"), EIO,
        "another program changes it, or the kernel keeps it within limits"};
  return true;
}

}  // namespace smc::node
