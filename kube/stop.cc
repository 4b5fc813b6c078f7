#include "kube/stop.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>

namespace smc::kube {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool Stop::sleep(milliseconds duration) const {
  return wait_for(-1, 0, *this, steady_clock::now() + duration) != Readiness::kStopped;
}

Readiness wait_for(int fd, short events, const Stop& stop, SteadyTime deadline) {
  // One poll() waits at most this long, so that a far deadline does not overflow its int.
  constexpr milliseconds kLongest{60'000};
  for (;;) {
    std::array<pollfd, 2> waited{pollfd{stop.fd(), POLLIN, 0}, pollfd{fd, events, 0}};
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    const auto wait = std::clamp(left, milliseconds::zero(), kLongest);
    const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(wait.count()));
    if (waited[0].revents != 0) return Readiness::kStopped;
    if (ready > 0) return Readiness::kReady;
    if (ready < 0 && errno != EINTR) return Readiness::kTimeout;
    if (steady_clock::now() >= deadline) return Readiness::kTimeout;
  }
}

}  // namespace smc::kube
