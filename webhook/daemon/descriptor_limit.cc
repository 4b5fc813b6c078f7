#include "webhook/daemon/descriptor_limit.h"

#include <algorithm>

#include <sys/resource.h>

#include "base/log.h"

namespace smc::webhook {
namespace {

// Descriptors beside those of server.maxConnections: connections over the cap, the health
// listener's, files, the log.
constexpr rlim_t kOtherDescriptors = 256;

}  // namespace

std::size_t make_room_for(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
  const rlim_t needed = connections + kOtherDescriptors;
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= needed) return connections;
  const rlim_t room = limit.rlim_cur > 2 * kOtherDescriptors ? limit.rlim_cur - kOtherDescriptors
                                                             : limit.rlim_cur / 2;
  log::warn("fewer connections than configured",
            {{"maxConnections", connections},
             {"room_for", static_cast<std::size_t>(room)},
             {"hint", "raise the hard limit of open files (ulimit -Hn)"}});
  return static_cast<std::size_t>(room);
}

}  // namespace smc::webhook
